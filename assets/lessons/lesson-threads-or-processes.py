import multiprocessing
import multiprocessing.pool


def square(n):
    # Half a million additions: enough to keep a core busy for a moment.
    busy = 0
    for step in range(500_000):
        busy += step
    return n**2


if __name__ == "__main__":
    for name, kind in [("threads", multiprocessing.pool.ThreadPool), ("processes", multiprocessing.Pool)]:
        with kind(4) as pool:
            print(f"{name}: {pool.map(square, range(1, 9), chunksize=1)}")
