"""The search for CPUID and XGETBV in the libraries of this interpreter's frameworks.

    python bench/sites.py [--objdump] [FILE…]

Prints for each library its size, how many places have the bytes, how many of them are CPUID, XGETBV
and undecided, the processor seconds that took, and their ratio to only reading the file's bytes
once; then in how many places the vote alone, without the unwinding tables, says something else.
``--objdump`` also disassembles the whole library with objdump (up to ten minutes for one) and says
whether it finds the same addresses.
"""

from __future__ import annotations

import argparse
import mmap
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "images" / "runner"))

from eqc_runner.presentation.elf import Elf
from eqc_runner.presentation.sites import Sites, find_sites

LIBRARIES = (
    *("numpy.libs/libscipy_openblas*", "torch/lib/libtorch_cpu.so", "jaxlib/libjax_common.so"),
    *("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"),
    *("onnxruntime/capi/onnxruntime_pybind11_state*", "ai_edge_litert/libpywrap_litert_common.so"),
    *("openvino/libs/libopenvino_intel_cpu_plugin.so", "openvino/libs/libopenvino.so.*"),
)
LOADER = Path("/lib64/ld-linux-x86-64.so.2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--objdump", action="store_true")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    options = parser.parse_args()
    packages = Path(sysconfig.get_path("platlib"))
    named = [path for pattern in LIBRARIES for path in sorted(packages.glob(pattern))]
    print(f"{'MB':>5} {'places':>6} {'CPUID':>5} {'XGETBV':>6} {'undecided':>9} {'seconds':>7}")
    for path in options.files or [*named, LOADER]:
        sites, seconds, reading, other = searched(path)
        print(
            f"{path.stat().st_size / 1e6:5.0f} {sites.candidates:6} {len(sites.cpuid):5} "
            f"{len(sites.xgetbv):6} {len(sites.undecided):9} {seconds:7.2f}  "
            f"{seconds / reading:4.1f}x reading, vote differs in {other}: {path.name}"
        )
        if options.objdump:
            same = disassembled(path) == (set(sites.cpuid), set(sites.xgetbv))
            print(f"{'':>5} objdump finds {'the same addresses' if same else 'OTHER ADDRESSES'}")


def searched(path: Path) -> tuple[Sites, float, float, int]:
    """The sites, the processor seconds of finding them and of reading all bytes, and how many
    places the vote alone would decide otherwise or not at all."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begun = time.process_time()
        for at in range(0, len(content), 1 << 20):
            content[at : at + (1 << 20)].count(b"\x0f")
        read = time.process_time()
        sites = find_sites(Elf(content))
        found = time.process_time()
        voted = find_sites(Elf(content), tables=False)
        other = len({*sites.cpuid, *sites.xgetbv} ^ {*voted.cpuid, *voted.xgetbv})
        other += len(voted.undecided)
        return sites, found - read, max(read - begun, 1e-3), other


def disassembled(path: Path) -> tuple[set[int], set[int]]:
    """The addresses of CPUID and of XGETBV in a linear disassembly of all sections of code."""
    found: dict[str, set[int]] = {"cpuid": set(), "xgetbv": set()}
    command = ["objdump", "-d", "--no-show-raw-insn", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            address, _, words = line.partition(":")
            name = words.split()[-1:]
            if name and name[0] in found:
                found[name[0]].add(int(address, 16))
    return found["cpuid"], found["xgetbv"]


if __name__ == "__main__":
    main()
