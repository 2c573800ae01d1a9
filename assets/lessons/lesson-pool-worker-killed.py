import multiprocessing
import os
import signal
import time


def square(n):
    time.sleep((10 - n) * 0.05)
    if n == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return n**2


if __name__ == "__main__":
    print("Nine numbers for four workers", flush=True)
    with multiprocessing.Pool(processes=4) as pool:
        # The pool starts another worker, but nobody has the item that was lost: this never returns.
        squares = pool.map(square, range(1, 10))
    print(squares)
