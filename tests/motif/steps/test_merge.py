import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.motif.steps.candidates import canonical
from dnabert.motif.steps.merge import Group, merge_strings
from tests.motif.recipe import fits, merged, turned

STRINGS = st.lists(st.text("ACGT", min_size=2, max_size=12), min_size=1, max_size=25, unique=True)


def as_text(groups: tuple[Group, ...], strings: list[str]) -> list[list[tuple[str, int, bool]]]:
    return [[(strings[member.string], member.offset, member.is_reverse) for member in group.members] for group in groups]


@settings(deadline=None)
@given(STRINGS, st.integers(2, 6), st.sampled_from([0.5, 0.75, 1.0]), st.booleans(), st.data())
def test_groups_are_those_of_the_recipe(strings: list[str], min_len: int, share: float, both: bool, data: st.DataObject) -> None:
    strings = list(dict.fromkeys(canonical(text) for text in strings)) if both else strings
    p = [data.draw(st.sampled_from([0.001, 0.01, 0.1])) for _ in strings]
    found = merge_strings(strings, np.array(p), min_len, share, both)
    assert as_text(found, strings) == merged(strings, p, min_len, share, both)


@settings(deadline=None)
@given(STRINGS, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_input_does_not_matter(strings: list[str], random: "object", both: bool) -> None:
    strings = list(dict.fromkeys(canonical(text) for text in strings)) if both else strings
    p = {text: len(text) % 3 / 10 for text in strings}
    shuffled = list(strings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (merge_strings(part, np.array([p[text] for text in part]), both_strands=both) for part in (strings, shuffled))
    assert as_text(first, strings) == as_text(second, shuffled)


@settings(deadline=None)
@given(STRINGS)
def test_the_matches_of_a_member_are_those_at_its_offset(strings: list[str]) -> None:
    for group in merge_strings(strings, np.zeros(len(strings)), both_strands=True):
        founder = strings[group.founder]
        for member in group.members[1:]:
            text = turned(strings[member.string]) if member.is_reverse else strings[member.string]
            assert {offset: matches for matches, offset in fits(text, founder)}[member.offset] == member.matches


def test_pairs_worked_by_hand() -> None:
    # 2021 gave this pair 5.0 with Biopython 1.85 and 2.0 with 1.88, whose end gaps cost 1.
    (group,) = merge_strings(["GATAA", "CCAGATAA"], np.zeros(2))
    assert (group.members[1].offset, group.members[1].matches) == (3, 5)
    # Four of five agree, which is min_len - 1; three do not suffice.
    assert len(merge_strings(["GATAA", "GATCA"], np.zeros(2))) == 1
    assert len(merge_strings(["GATAA", "GCTCA"], np.zeros(2))) == 2
    # Half of the shorter one, where that is more: 5 of 10 do, 4 of 10 do not.
    assert len(merge_strings(["AAAAACCCCC", "AAAAAGGGGG"], np.zeros(2))) == 1
    assert len(merge_strings(["AAAACCCCCC", "AAAATGTGTG"], np.zeros(2))) == 2


def test_ties_go_to_the_group_founded_first_then_forward_then_the_middle() -> None:
    # Both founders agree in 4 with the third string; the one with the lower p was founded first.
    strings, p = ["GGATAT", "GATCCT", "CCGATACC"], np.array([0.2, 0.1, 0.3])
    groups = merge_strings(strings, p)
    assert [group.founder for group in groups] == [1, 0] or len(groups) == 1
    # AAAAA lies over AAAAAAAAA at five offsets: the middle one is taken.
    (group,) = merge_strings(["AAAAA", "AAAAAAAAA"], np.zeros(2))
    assert group.members[1].offset == 2
    # A palindrome fits both ways: forward.
    (group,) = merge_strings(["CACGTG", "CCACGTGC"], np.zeros(2), both_strands=True)
    assert not group.members[1].is_reverse


def test_a_reverse_complement_joins_only_where_both_strands_are_read() -> None:
    assert len(merge_strings(["GATTACA", "TGTAATCG"], np.zeros(2))) == 2
    (group,) = merge_strings(["GATTACA", "TGTAATCG"], np.zeros(2), both_strands=True)
    assert (group.members[1].is_reverse, group.members[1].offset, group.members[1].matches) == (True, 1, 7)


def test_strings_of_300_bases_are_counted_without_overflow() -> None:
    text = "ACGT" * 75
    (group,) = merge_strings([text, text + "A"], np.zeros(2))
    assert group.members[1].matches == 300


def test_nothing_merges_to_nothing() -> None:
    assert merge_strings([], np.empty(0)) == ()
