import multiprocessing
import multiprocessing.pool
import time


def square(n):
    time.sleep(0.25)
    return n**2


if __name__ == "__main__":
    for name, kind in [("threads", multiprocessing.pool.ThreadPool), ("processes", multiprocessing.Pool)]:
        with kind(4) as pool:
            print(f"{name}: {pool.map(square, range(1, 9), chunksize=1)}")
