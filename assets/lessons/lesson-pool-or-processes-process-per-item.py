import multiprocessing


def square(n, squares):
    squares[n - 1] = n**2


if __name__ == "__main__":
    squares = multiprocessing.Array("q", 12)
    processes = []
    for n in range(1, 13):
        process = multiprocessing.Process(target=square, args=(n, squares))
        processes.append(process)
        process.start()
    for process in processes:
        process.join()
    print(list(squares))
