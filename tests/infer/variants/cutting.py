"""Letters and codes of the tests, by nothing that is tested."""

LETTERS = "ATCGN"


def codes_of(text: str) -> bytes:
    return bytes(LETTERS.index(letter) for letter in text)


def letters_of(codes: bytes) -> str:
    return "".join(LETTERS[code] for code in codes)


def reverse_complement_text(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))
