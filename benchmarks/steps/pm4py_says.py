"""PM4Py's conformance checking of the same models. Runs in a Python with PM4Py (see bpic.py); not part of the product.

Reads JSON from standard input: a log, and models as ordered activities, which of them may repeat, and the seconds allowed between
an activity and its reference. Writes, by model, the ids of the cases that do not conform: by alignment with the sequence's Petri
net, or by temporal profile.
"""

import json
import sys

import pm4py
from pm4py.objects.petri_net.obj import Marking, PetriNet
from pm4py.objects.petri_net.utils import petri_utils


def net_of(activities: list[str], again: list[bool]) -> tuple[PetriNet, Marking, Marking]:
    """The sequence; what may come again is a loop at every place after its own."""
    net = PetriNet("path")
    places = [PetriNet.Place(f"p{n}") for n in range(len(activities) + 1)]
    for place in places:
        net.places.add(place)
    for n, name in enumerate(activities):
        for m, after in enumerate([places[n + 1], *(places[n + 1 :] if again[n] else [])]):
            transition = PetriNet.Transition(f"t{n}.{m}", name)
            net.transitions.add(transition)
            petri_utils.add_arc_from_to(places[n] if m == 0 else after, transition, net)
            petri_utils.add_arc_from_to(transition, after, net)
    return net, Marking({places[0]: 1}), Marking({places[-1]: 1})


def main() -> None:
    """Answer what is asked on standard input."""
    asked = json.load(sys.stdin)
    frame = pm4py.read_xes(asked["file"])
    if asked["activity"] != "concept:name":
        frame["concept:name"] = frame[asked["activity"]]
    found = {}
    for model in asked["models"]:
        some = frame[frame["concept:name"].isin(model["activities"])]
        log = pm4py.convert_to_event_log(some)
        names = [trace.attributes["concept:name"] for trace in log]
        alignments = pm4py.conformance_diagnostics_alignments(log, *net_of(model["activities"], model["again"]))
        bad = {name for name, one in zip(names, alignments, strict=True) if one["fitness"] < 1}
        # A mean of half the time and a deviation of as much: what is further than one deviation took longer.
        profile = {(a, b): (seconds / 2, seconds / 2) for a, b, seconds in model["limits"]}
        late = pm4py.conformance_temporal_profile(log, profile, zeta=1)
        bad |= {name for name, one in zip(names, late, strict=True) if one}
        found[model["key"]] = {"seen": names, "bad": sorted(bad)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
