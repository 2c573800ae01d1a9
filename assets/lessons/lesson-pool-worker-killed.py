import multiprocessing
import os
import signal
import time


def square(n):
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep((10 - n) * 0.05)
    return n**2


if __name__ == "__main__":
    print("Nine numbers for four workers", flush=True)
    with multiprocessing.Pool(processes=4) as pool:
        # The pool starts another worker, but nobody has the item that was lost: this never returns.
        squares = pool.map(square, range(1, 10))
    print(squares)
