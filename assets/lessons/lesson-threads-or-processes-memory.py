import multiprocessing
import os
import threading


def share(pid):
    """The memory of a process in KiB, with its share of what it has in common with others."""
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def wait(gate, stop):
    gate.wait()
    stop.wait()


def with_four(kind, gate, stop, pids):
    workers = [kind(target=wait, args=(gate, stop)) for _ in range(4)]
    for worker in workers:
        worker.start()
    gate.wait()
    # A process has an id of its own; a thread is part of this one.
    total = sum(share(pid) for pid in pids(workers))
    stop.set()
    for worker in workers:
        worker.join()
    return total


if __name__ == "__main__":
    me = os.getpid()
    before = share(me)
    after = with_four(threading.Thread, threading.Barrier(5), threading.Event(), lambda _: [me])
    print(f"four threads: {max(after - before, 0)} KiB more")
    before = share(me)
    after = with_four(
        multiprocessing.Process,
        multiprocessing.Barrier(5),
        multiprocessing.Event(),
        lambda workers: [me] + [worker.pid for worker in workers],
    )
    print(f"four processes: {max(after - before, 0)} KiB more")
