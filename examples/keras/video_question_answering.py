"""Questions about videos answered: a CNN for each frame, an LSTM over time, another for the question.

In the videos two of three coloured squares light up, one after the other. "which came first", "was red shown":
the answer, one word, needs the question, the colours and their order.
"""

import argparse

import keras
import numpy as np
from keras import layers

COLOURS = ["red", "green", "blue"]
ANSWERS = [*COLOURS, "yes", "no"]
QUESTIONS = ["which colour came first", "which colour came last"]
QUESTIONS += [
    f"{begin} {colour} {end}" for colour in COLOURS for begin, end in (("was", "shown"), ("is there", ""))
]
FRAMES, SIZE = 6, 12


def answer(question: str, first: str, last: str) -> str:
    if "first" in question:
        return first
    if "last" in question:
        return last
    return "yes" if first in question or last in question else "no"


def scenes(count: int, seed: int):
    """Videos, questions about them, and the number of the right answer."""
    rng = np.random.default_rng(seed)
    videos = rng.uniform(0, 0.2, (count, FRAMES, SIZE, SIZE, 3)).astype("float32")
    questions, answers = [], []
    for video in videos:
        shown = rng.choice(3, 2, replace=False)
        for colour, start in zip(shown, (rng.integers(0, 2), rng.integers(3, 5))):
            top, left = rng.integers(0, SIZE - 5, 2)
            video[start : start + 2, top : top + 5, left : left + 5, colour] += 0.8
        questions.append(str(rng.choice(QUESTIONS)))
        answers.append(ANSWERS.index(answer(questions[-1], *(COLOURS[i] for i in shown))))
    return videos, np.array(questions), np.array(answers)


def frame_encoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
        ],
        name="frame_encoder",
    )


def answerer(words: int) -> keras.Model:
    video, question = keras.Input((FRAMES, SIZE, SIZE, 3)), keras.Input((None,), dtype="int64")
    seen = layers.LSTM(48)(layers.TimeDistributed(frame_encoder())(video))
    asked = layers.LSTM(24)(layers.Embedding(words, 24, mask_zero=True)(question))
    x = layers.Concatenate()([seen, asked])
    x = layers.Dense(96, activation="relu")(x)
    return keras.Model([video, question], layers.Dense(len(ANSWERS), activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    epochs, count = (6, 600) if args.quick else (args.epochs, 2500)

    keras.utils.set_random_seed(0)
    vectorize = layers.TextVectorization(output_sequence_length=5)
    vectorize.adapt(QUESTIONS)

    videos, questions, answers = scenes(count, seed=0)
    model = answerer(vectorize.vocabulary_size())
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit([videos, vectorize(questions)], answers, batch_size=32, epochs=epochs, verbose=2)

    videos, questions, answers = scenes(300, seed=1)
    guesses = model.predict([videos, vectorize(questions)], verbose=0).argmax(axis=1)
    for question, guess in list(zip(questions, guesses))[:3]:
        print(f"{question}? {ANSWERS[guess]}")
    usual = np.bincount(answers).max() / len(answers)
    print(f"accuracy {np.mean(guesses == answers):.3f} (baseline {usual:.3f})")


if __name__ == "__main__":
    main()
