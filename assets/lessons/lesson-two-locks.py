import multiprocessing
import time


def student(who, pen, paper):
    with pen:
        with paper:
            print(f"{who} writes", flush=True)
            time.sleep(0.2)


if __name__ == "__main__":
    pen = multiprocessing.Lock()
    paper = multiprocessing.Lock()
    rahim = multiprocessing.Process(target=student, args=("Rahim", pen, paper))
    karim = multiprocessing.Process(target=student, args=("Karim", pen, paper))
    rahim.start()
    karim.start()
    rahim.join()
    karim.join()
    print("Both have written")
