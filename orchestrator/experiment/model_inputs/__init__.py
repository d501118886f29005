"""The inputs that a model file states in its header, read without the model's framework.

``ModelInput`` is what one of them is; ``onnx_header``, ``tflite_header`` and ``keras_header`` read
one format each, with the standard library and NumPy: frameworks are no dependencies of planning.
"""
