"""The SDK's numbers of several processes are one exposition."""

from prometheus_client.parser import text_string_to_metric_families

from billflow.temporal.sdk_metrics import of_processes

ONE = b"""# HELP slots Slots, left.
# TYPE slots gauge
slots{queue="a b",kind="{x}"} 7
slots{queue="c",kind=""} 9
# TYPE polls_total counter
polls_total 3
"""
OTHER = b"""# TYPE polls_total counter
polls_total 4
# HELP slots Slots, left.
# TYPE slots gauge
slots{queue="a b",kind="{x}"} 5
"""


def test_numbers_of_processes_are_one_exposition_with_each_family_once() -> None:
    text = of_processes({"1": ONE, "2": OTHER}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}

    assert [line for line in text.splitlines() if line.startswith("# TYPE")] == [
        "# TYPE slots gauge",
        "# TYPE polls_total counter",
    ]
    assert families["slots"].documentation == "Slots, left."
    assert [(sample.labels, sample.value) for sample in families["slots"].samples] == [
        ({"process": "1", "queue": "a b", "kind": "{x}"}, 7),
        ({"process": "1", "queue": "c", "kind": ""}, 9),
        ({"process": "2", "queue": "a b", "kind": "{x}"}, 5),
    ]
    assert [(sample.labels, sample.value) for sample in families["polls"].samples] == [
        ({"process": "1"}, 3),
        ({"process": "2"}, 4),
    ]


def test_numbers_of_no_process_are_none() -> None:
    assert of_processes({}) == b""
