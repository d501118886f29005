"""Control groups, GPUs, environment and system: parsers on recorded text, files in a folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from eqc_runner.probe.cgroup import cgroup_limits
from eqc_runner.probe.gpus import list_gpus, parse_gpus
from eqc_runner.probe.kernel import kernel_flags, parse_cpuinfo, read_caches
from eqc_runner.probe.system import os_name


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2_MOUNT = "30 23 0:26 {group} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1_MOUNTS = (
    "32 31 0:29 {group} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {group} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)


def test_version_2_takes_the_smallest_limit_on_the_way_up(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "proc/cgroup": "0::/a/b\n",
            "proc/mountinfo": V2_MOUNT.format(group="/"),
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/a/memory.max": "max\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/b/memory.max": "1073741824\n",
        },
    )
    found = cgroup_limits(str(root / "proc"), str(root))
    assert found == {"cpus": 1.5, "memory_bytes": 2**30}


def test_version_1_has_one_tree_per_controller(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "proc/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n1:name=systemd:/\n",
            "proc/mountinfo": V1_MOUNTS.format(group="/"),
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "536870912\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    )
    found = cgroup_limits(str(root / "proc"), str(root))
    assert found == {"cpus": 0.5, "memory_bytes": 2**29}


def test_in_a_container_the_mount_is_a_part_of_the_tree(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "proc/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
            "proc/mountinfo": V1_MOUNTS.format(group="/docker/abc"),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
        },
    )
    found = cgroup_limits(str(root / "proc"), str(root))
    assert found == {"cpus": None, "memory_bytes": 2**28}


def test_no_limit_is_none(tmp_path: Path) -> None:
    root = write(tmp_path, {"proc/cgroup": "0::/\n", "proc/mountinfo": V2_MOUNT.format(group="/")})
    assert cgroup_limits(str(root / "proc"), str(root)) == {"cpus": None, "memory_bytes": None}


def test_unreadable_control_groups_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cgroup"):
        cgroup_limits(str(tmp_path), str(tmp_path))


def test_gpus_as_nvidia_smi_prints_them() -> None:
    text = (
        "Tesla T4, GPU-1b2c, 7.5, 550.54.15, 15360 MiB\n"
        "NVIDIA GH200, GPU-3d4e, 9.0, 550.54.15, [N/A]\n"
    )
    first, second = parse_gpus(text)
    assert first == {
        "name": "Tesla T4",
        "uuid": "GPU-1b2c",
        "compute_capability": "7.5",
        "driver": "550.54.15",
        "memory_bytes": 15360 * 2**20,
    }
    assert second["memory_bytes"] is None
    with pytest.raises(OSError, match="not understood"):
        parse_gpus("No devices were found\n")


def program(folder: Path, script: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_no_gpu_is_an_empty_list_a_broken_driver_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list_gpus() == []
    program(tmp_path, "echo 'NVIDIA-SMI has failed' >&2; exit 9\n")
    with pytest.raises(OSError, match="ended with 9: NVIDIA-SMI has failed"):
        list_gpus()
    program(tmp_path, "echo 'Tesla T4, GPU-1, 7.5, 550.54.15, 15360 MiB'\n")
    assert [gpu["name"] for gpu in list_gpus()] == ["Tesla T4"]


def test_cpuinfo_is_the_first_processor() -> None:
    fields = parse_cpuinfo("processor\t: 0\nflags\t\t: fpu sse avx\n\nprocessor\t: 1\nflags : x\n")
    assert kernel_flags(fields) == ["avx", "fpu", "sse"]
    assert kernel_flags({}) is None


def test_caches_from_sys(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "index0/level": "1\n",
            "index0/type": "Data\n",
            "index0/size": "64K\n",
            "index1/level": "2\n",
            "index1/type": "Unified\n",
        },
    )
    assert read_caches(str(tmp_path)) == [{"level": 1, "type": "data", "bytes": 65536}]


def test_os_name() -> None:
    assert os_name('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12"\n') == "Debian GNU/Linux 12"
    assert os_name("NAME=x\n") is None
