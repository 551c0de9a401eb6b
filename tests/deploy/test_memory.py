"""Arrays of some megabytes, made and given back again and again, take no new pages from the system."""

from __future__ import annotations

import platform
import resource

import numpy as np

from deploy.memory import keep_freed_memory


def faults_of_arrays(times: int) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        assert np.ones(200_000).size + np.ones(150_000).size == 350_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_pages_are_made_once() -> None:
    keep_freed_memory()
    faults_of_arrays(2)
    pages_of_one = 200_000 * 8 // 4096
    assert faults_of_arrays(50) < pages_of_one or platform.libc_ver()[0] != "glibc"
