import multiprocessing


def square(index, numbers):
    numbers[index] = numbers[index] ** 2


if __name__ == "__main__":
    numbers = multiprocessing.Array("i", [2, 3, 4, 5, 6, 7, 8])
    processes = []
    for index in range(7):
        process = multiprocessing.Process(target=square, args=(index, numbers))
        processes.append(process)
        process.start()
    for process in processes:
        process.join()
    print(list(numbers))
