"""The Python side of the benchmarks: the same questions, put to Python's own pools.

    pools.py SECTION POOL [NAME=NUMBER ...]

Prints one JSON object. Pools: pool-fork, pool-spawn (multiprocessing.Pool), executor (ProcessPoolExecutor on fork),
threads (ThreadPoolExecutor). Except in `ready`, a pool has run something before anything is measured.
"""

import json
import multiprocessing
import sys
import time


def noop(_):
    return None


def spin(size_ns):
    end_ns = time.thread_time_ns() + size_ns
    while time.thread_time_ns() < end_ns:
        pass
    return size_ns


def wait(seconds):
    time.sleep(seconds)


class Standard:
    """multiprocessing.Pool."""

    def __init__(self, method, workers):
        self.pool = multiprocessing.get_context(method).Pool(workers)

    def map(self, task, items, chunksize):
        return self.pool.map(task, items, chunksize=chunksize or None)

    def one(self, task, item):
        return self.pool.apply(task, (item,))

    def begin(self, task, items):
        self.pool.map_async(task, items, chunksize=1)

    def end(self):
        self.pool.terminate()
        self.pool.join()


class Executor:
    """An executor of concurrent.futures."""

    def __init__(self, executor):
        self.executor = executor

    def map(self, task, items, chunksize):
        return list(self.executor.map(task, items, chunksize=chunksize or 1))

    def one(self, task, item):
        return self.executor.submit(task, item).result()

    def begin(self, task, items):
        for item in items:
            self.executor.submit(task, item)

    def end(self):
        self.executor.shutdown()


def make(kind, workers):
    if kind in ("pool-fork", "pool-spawn"):
        return Standard(kind.removeprefix("pool-"), workers)
    # Only who asks for an executor pays for its import.
    import concurrent.futures

    if kind == "threads":
        return Executor(concurrent.futures.ThreadPoolExecutor(workers))
    fork = multiprocessing.get_context("fork")
    return Executor(concurrent.futures.ProcessPoolExecutor(workers, mp_context=fork))


def warm(kind, workers):
    pool = make(kind, workers)
    pool.map(noop, range(100 * workers), 1)
    return pool


def dispatch(kind, tasks, workers, chunk):
    """No-ops handed out `chunk` at a time, where 0 leaves it to the pool."""
    pool = warm(kind, workers)
    began = time.perf_counter_ns()
    pool.map(noop, range(tasks), chunk)
    wall = time.perf_counter_ns() - began
    pool.end()
    return {"wall_ns": wall}


def round_trip(kind, tasks):
    """One worker, one no-op at a time: each one's nanoseconds."""
    pool = warm(kind, 1)
    times = []
    for _ in range(tasks):
        began = time.perf_counter_ns()
        pool.one(noop, 0)
        times.append(time.perf_counter_ns() - began)
    pool.end()
    return {"round_trip_ns": times}


def efficiency(kind, workers, size_ns, run_ms):
    """Tasks that each use so much CPU time, one by one, as many as take about that long."""
    pool = warm(kind, workers)
    tasks = 200
    for share in (0.1, 1):
        began = time.perf_counter_ns()
        pool.map(spin, [size_ns] * tasks, 1)
        wall = time.perf_counter_ns() - began
        if share < 1:
            tasks = max(tasks, int(run_ms * 1e6 / (wall / tasks)))
    pool.end()
    return {"wall_ns": wall, "tasks": tasks}


def ready(kind, workers):
    """From nothing to the first answer."""
    began = time.perf_counter_ns()
    pool = make(kind, workers)
    pool.one(noop, 0)
    wall = time.perf_counter_ns() - began
    pool.end()
    return {"ready_ns": wall}


def bytes_of(path, name):
    with open(path) as lines:
        line = next(line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def peak_bytes():
    # Not `ru_maxrss`, which begins with what the parent had when it started this process.
    return bytes_of("/proc/self/status", "VmHWM")


def memory(kind, workers):
    """What each worker takes while it waits in a task."""
    pool = warm(kind, workers)
    pool.begin(wait, [1.0] * workers)
    time.sleep(0.5)
    shares = [
        bytes_of(f"/proc/{child.pid}/smaps_rollup", "Pss") for child in multiprocessing.active_children()
    ]
    pool.end()
    return {"pss_bytes": sum(shares) / max(len(shares), 1), "max_rss_bytes": peak_bytes()}


def queue(kind, workers, tasks):
    """What so many queued tasks take in the process that owns the pool."""
    pool = warm(kind, workers)
    pool.map(noop, range(tasks), 0)
    pool.end()
    return {"max_rss_bytes": peak_bytes()}


SECTIONS = {
    "dispatch": dispatch,
    "round-trip": round_trip,
    "efficiency": efficiency,
    "ready": ready,
    "memory": memory,
    "queue": queue,
}


def main():
    section, kind, *numbers = sys.argv[1:]
    arguments = {name: int(value) for name, _, value in (number.partition("=") for number in numbers)}
    print(json.dumps(SECTIONS[section](kind, **arguments)))


if __name__ == "__main__":
    main()
