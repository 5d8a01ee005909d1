"""Whether a process that left its name somewhere still runs."""

from __future__ import annotations

import os
import subprocess
import sys

from resources.processes import is_running, start_of, this_host


def test_this_process_runs() -> None:
    started = start_of(os.getpid())
    assert started is not None
    assert is_running(os.getpid(), started)


def test_another_process_with_the_same_number_is_not_the_one() -> None:
    started = start_of(os.getpid())
    assert started is not None
    assert not is_running(os.getpid(), started - 60)


def test_a_process_that_ended_does_not_run_even_before_it_is_collected() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_of(process.pid)
    assert started is not None
    assert is_running(process.pid, started)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(process.pid, started)
    process.communicate()
    assert not is_running(process.pid, started)


def test_the_host_is_told_apart_in_the_same_words_everywhere() -> None:
    code = "from resources.processes import this_host; print(this_host())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == this_host()
    assert ":" not in this_host()


def test_a_worker_that_reads_pages_does_not_load_models_of_layout() -> None:
    """PyMuPDF would: a second and 60 MB in each process."""
    code = "import sparknet_assets.source, pymupdf; assert pymupdf._get_layout is None"
    subprocess.run([sys.executable, "-c", code], check=True)
