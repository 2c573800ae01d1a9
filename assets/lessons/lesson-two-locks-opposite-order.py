import multiprocessing


def student(who, pen, paper, table):
    with pen:
        table.wait()
        with paper:
            print(f"{who} writes", flush=True)


def other(who, pen, paper, table):
    with paper:
        table.wait()
        with pen:
            print(f"{who} writes", flush=True)


if __name__ == "__main__":
    pen = multiprocessing.Lock()
    paper = multiprocessing.Lock()
    table = multiprocessing.Barrier(2)
    rahim = multiprocessing.Process(target=student, args=("Rahim", pen, paper, table))
    karim = multiprocessing.Process(target=other, args=("Karim", pen, paper, table))
    rahim.start()
    karim.start()
    print("Both reach out", flush=True)
    # Each holds what the other waits for: this never returns.
    rahim.join()
    karim.join()
    print("Both have written")
