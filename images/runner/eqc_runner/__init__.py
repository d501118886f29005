"""The program inside the container: computes what a job asks for, writes down which bits."""
