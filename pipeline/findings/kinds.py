"""The table of kinds: how each is found, and its sentences.

`signal` says what is seen, `insight` what it means, `reinforcement` what helps; `brief` is the signal in a line. In braces stand
figures and names of a `Found` (`strength`, `low`, `high`, `scope`, its values); names are looked up where they are shown.
"""

from collections.abc import Mapping

from pipeline.findings.consensus import consensus_trap
from pipeline.findings.contributions import invisible_contributions
from pipeline.findings.creep import focus_creep
from pipeline.findings.decay import resource_drift, strategy_decay
from pipeline.findings.duplicate import duplicate_effort
from pipeline.findings.fog import dependency_fog
from pipeline.findings.green import green_status
from pipeline.findings.inflation import priority_inflation
from pipeline.findings.kind import HALF, SOME, Kind
from pipeline.findings.optimisation import metric_optimisation
from pipeline.findings.placeholder import placeholder_work
from pipeline.findings.shadow import shadow_roadmap
from pipeline.findings.softening import softening
from pipeline.findings.stopping import slow_to_stop
from pipeline.findings.support import under_supported
from pipeline.findings.wording import vocabulary_gap

__all__ = ["KINDS", "Kind"]

KINDS: Mapping[str, Kind] = {
    "shadow": Kind(
        "Shadow roadmap",
        shadow_roadmap,
        "{strength} of 100 working days of {scope} went to {count} large streams that serve no key result in the last "
        "{weeks} weeks ({low} to {high}, {trend}), the largest {streams}; {planned} of 100 went to key results.",
        "Work of this size that lasts is a second roadmap: it was never weighed against the plan, and the plan pays for it.",
        "Put each of these streams on a key result, or give it an owner and a day on which it ends.",
        "Which of these streams belong in the register, and which stop?",
        "{strength} of 100 working days of {scope} go to large streams that serve no key result",
        variants={
            ("larger", "1"): "Larger than the roadmap: {strength} of 100 working days of {scope} went to {count} large "
            "streams that serve no key result in the last {weeks} weeks ({low} to {high}, {trend}), the largest {streams}; "
            "only {planned} of 100 went to key results."
        },
        confirmed=SOME,
    ),
    "creep": Kind(
        "Focus creep",
        focus_creep,
        "{strength} of 100 working days of {scope} ({low} to {high}) went in the last {weeks} weeks to {count} streams that "
        "were born after the plan was made and serve no key result, on top of what served none before; the largest {streams}.",
        "The plan was not changed, it was added to: each extra thing was small when it came.",
        "Let nothing new begin without a sentence on what it serves and what makes room for it.",
        "What of this is worth changing the plan for?",
        "{strength} of 100 working days of {scope} go to work that came after the plan and serves no key result",
        variants={
            (
                "streams",
                "[]",
            ): "{strength} of 100 working days of {scope} ({low} to {high}) went in the last {weeks} weeks to "
            "{count} streams that were born after the plan was made and serve no key result, on top of what served none "
            "before; none of them has enough people to be named."
        },
        confirmed=HALF,
    ),
    "support": Kind(
        "Under-supported",
        under_supported,
        "{objective} gets {strength} of 100 working days ({low} to {high}) and {plan} were planned: over {weeks} weeks about "
        "{days} person-days less.",
        "A goal that gets less than half of its plan is not late, it is not being worked on.",
        "Move people to it now, or take it out of the register and say so.",
        "Is it still wanted? If it is, what stops for it?",
        "{objective} gets {strength} of 100 working days, {plan} were planned",
        variants={
            (
                "against",
                "rank",
            ): "{objective} has priority {rank} and gets {strength} of 100 working days ({low} to {high}) "
            "over the last {weeks} weeks.",
            (
                "few",
                "1",
            ): "Hardly anything was done on {key_result} (of {objective}) for {weeks} whole weeks, and that by too few "
            "people for a figure; in the register it is for {teams}.",
            (
                "key_result",
                "*",
            ): "Hardly anything was done on {key_result} (of {objective}) for {weeks} whole weeks, {days} "
            "person-days in all; in the register it is for {teams}.",
        },
        brief_variants={
            ("against", "rank"): "{objective} has priority {rank} and gets {strength} of 100 working days",
            ("key_result", "*"): "hardly anything was done on {key_result} for {weeks} whole weeks",
        },
        confirmed=HALF,
    ),
    "stopping": Kind(
        "Slow to stop",
        slow_to_stop,
        "{stream} was stopped on {said} and still takes {strength}% of the work that it took before ({low} to {high}): {days} "
        "person-days in {weeks} weeks.",
        "A stop that is not followed teaches everybody that decisions of this kind do not count.",
        "Say again who winds it up and by when, or take the stop back.",
        "Does the stop hold?",
        "{stream} was stopped on {said} and took {days} person-days since",
    ),
    "resource": Kind(
        "Resource drift",
        resource_drift,
        "The plan changed on {at}, and the work went {strength}% of the way to it ({low} to {high}): {gains} gets {gains_share} "
        "of 100 working days and {gains_plan} are planned, {loses} still gets {loses_share} and {loses_plan} are planned.",
        "The teams work by the plan before this one: the new one was announced, and people stayed where they were.",
        "Say who moves, from what to what, and from which day on.",
        "Who moves to what was planned, and when?",
        "the work went {strength}% of the way to the plan of {at}",
    ),
    "decay": Kind(
        "Strategy decay",
        strategy_decay,
        "{strength} of 100 working days ({low} to {high}) go elsewhere than when the plan was made {weeks} weeks ago, and nobody "
        "touched the register: {lost} lost {lost_points} points, {gained} gained {gained_points}.",
        "The strategy that people follow is not the one that is written down.",
        "Write down what is really followed, or go back.",
        "Which of the two is the plan?",
        "{strength} of 100 working days go elsewhere than when the plan was made",
        confirmed=HALF,
    ),
    "inflation": Kind(
        "Priority inflation",
        priority_inflation,
        "{scope} works on about {now} things at once in the last {weeks} weeks and on {before} in the {earlier} before, for as "
        "many people; {new} are new.",
        "Each addition slows everything else down, and nothing is dropped.",
        "Agree how many things are in hand at once; what comes in waits until one is done.",
        "What is put aside?",
        "{scope} works on about {now} things at once, {before} before",
        parts=False,
        variants={
            (
                "most",
                "*",
            ): "{top} objectives of the register have priority 1, 2 or 3; up to {most} can be told apart at work."
        },
        brief_variants={("most", "*"): "{top} objectives have priority 1, 2 or 3"},
    ),
    "contributions": Kind(
        "Invisible contributions",
        invisible_contributions,
        "{strength} of 100 working days of {scope} ({low} to {high}), {days} in {weeks} weeks, went to key results that the "
        "register gives to {owner}, most to {key_result}.",
        "Work for others appears in nobody's plan: it looks like a shortfall on one side and like luck on the other.",
        "Name both teams on the key result, and plan the days.",
        "Does the register name everybody whom it needs?",
        "{strength} of 100 working days of {scope} go to key results of {owner}",
        confirmed=HALF,
    ),
    "duplicate": Kind(
        "Duplicate effort",
        duplicate_effort,
        "{streams} read as the same piece of work but belong to two teams: {first} put {first_days} person-days into it in "
        "{weeks} weeks, {second} {second_days}; neither refers to the other's.",
        "Two teams solve one problem, and each rediscovers what the other already knows.",
        "Bring the two together once: one goes on, or they say what each does not do.",
        "Whose is it?",
        "{first} and {second} work on what reads as the same: {streams}",
        parts=False,
    ),
    "fog": Kind(
        "Dependency fog",
        dependency_fog,
        "{strength} of 100 things that were asked of another team ({low} to {high}; {count} of {asks}) are open and without "
        "an answer for more than {cycle} days, half of them for {wait} days and more; {unowned} have no owner. Most wait for "
        "{teams}.",
        "Work that crosses a line between teams is nobody's there: each side reports its own part on track.",
        "Give each of them one name and one day, on the side that is asked.",
        "Who answers, and by when?",
        "{count} things that were asked of another team have no answer for more than {cycle} days",
        variants={
            (
                "teams",
                "[]",
            ): "{strength} of 100 things that others asked of {scope} ({low} to {high}; {count} of {asks}) are open and "
            "without an answer for more than {cycle} days, half of them for {wait} days and more; {unowned} have no owner."
        },
        brief_variants={
            ("teams", "[]"): "{count} things that others asked of {scope} have no answer for more than {cycle} days"
        },
    ),
    "placeholder": Kind(
        "Placeholder work",
        placeholder_work,
        "{count} tickets that are believed to serve key results were opened, renamed or closed in bulk in the last {weeks} "
        "weeks, {times} times, the most in the week of {week}, and hardly any of them shows another sign of work; they make up "
        "{part} of 100 days on key results.",
        "Tickets that exist for the report make a share look better than the work is.",
        "Ask what will be different once such a ticket is closed; where nothing will, close it now.",
        "Is this a plan that somebody will work on?",
        "{count} tickets were opened, renamed or closed in bulk and show no work",
        parts=False,
    ),
    "consensus": Kind(
        "Consensus trap",
        consensus_trap,
        "A decision of {scope} takes {people} people on average in the last {weeks} weeks and took {people_before} in those "
        "before ({strength} times as many, {low} to {high}), {messages} messages and {messages_before} before, and half of them "
        "more than {took} days, {took_before} before; more than 16 took part in {crowds} of 100.",
        "Everybody is asked and nobody decides: three to seven decide well, more make it slower and no better.",
        "Name who decides before the thread begins; the others hear of it afterwards.",
        "Which of these decisions need whom?",
        "A decision of {scope} takes {people} people, {people_before} before",
        parts=False,
    ),
    "wording": Kind(
        "Vocabulary gap",
        vocabulary_gap,
        "{team} uses {term}, a word of the objectives, differently from {others}. {team} writes {ours}; {others}: {theirs}.",
        "Both report progress on the same words and mean two things; it shows when the numbers are compared.",
        "Write next to the objective what the word means, with one example that counts and one that does not.",
        "Which of the two is meant?",
        "{team} uses {term} differently from {others}",
        parts=False,
        minor=True,
    ),
    "softening": Kind(
        "Softening",
        softening,
        "{step}: {now} of 100 cases went as written since it softened and {before} before, {strength} fewer ({low} to {high}); "
        "most often it is {deviation}.",
        "A hand-off that goes soft shows in results months later, when nobody remembers it: it is cheapest to fix now.",
        "Make the right way the easy one: let the tool ask for what must be filled, and show the team what waits for it.",
        "Is the rule still right, and what keeps people from it?",
        "{step}: {now} of 100 cases go as written, {before} before",
        variants={
            (
                "with",
                "load",
            ): "{step}: {now} of 100 cases went as written since it softened and {before} before, {strength} fewer "
            "({low} to {high}). It goes with the load of the day: {more} of 100 deviate on some days and {less} on others.",
            (
                "with",
                "*",
            ): "{step}: {now} of 100 cases went as written since it softened and {before} before, {strength} fewer "
            "({low} to {high}). It goes with the {with}: {more} of 100 deviate there and {less} else.",
        },
    ),
    "green": Kind(
        "Green-status trap",
        green_status,
        "{key_result} is reported green, and {days} person-days were worked on it in the last {weeks} weeks.",
        "A report that costs nothing stays green until the last week.",
        "Ask for the metric, not for the colour.",
        "What makes it green?",
        "{key_result} is reported green and hardly anything is done on it",
        variants={
            (
                "slow",
                "1",
            ): "{key_result} is reported green, and its metric went {progress}% of its way when {expected}% were due.",
            (
                "few",
                "1",
            ): "{key_result} is reported green, and hardly anything was done on it in the last {weeks} weeks, and that "
            "by too few people for a figure.",
            (
                "decoupled",
                "objective",
            ): "All {count} key results of {objective} that are reported are green, and its outcome went "
            "{outcome}% of its way in the last {weeks} weeks, when {due}% were due.",
            (
                "decoupled",
                "company",
            ): "Total decoupling: all {count} reports are green, and none of the {outcomes} outcomes that are "
            "measured moves: on average {strength}% of the way in the last {weeks} weeks, when {due}% were due.",
        },
        brief_variants={
            ("slow", "1"): "{key_result} is reported green and its metric stands still",
            ("decoupled", "objective"): "all of {objective} is reported green and its outcome stands still",
            ("decoupled", "company"): "all is reported green and no outcome moves",
        },
        confirmed=HALF,
    ),
    "metric": Kind(
        "Metric optimisation",
        metric_optimisation,
        "{key_result} went {moved}% of its way in the last {weeks} weeks and gets {strength} of 100 working days on its "
        "objective ({low} to {high}); the outcome of {objective} went {outcome}% of its way, when {due}% were due.",
        "The measure is worked on, not what it stands for.",
        "Pair it with a measure that cannot be moved the same way.",
        "Is it the right measure?",
        "{key_result} moves and attracts work, and the outcome of {objective} does not move",
        variants={
            (
                "met",
                "1",
            ): "All {count} measured key results of {objective} are met, and its outcome went {outcome}% of its way in "
            "the last {weeks} weeks, when {due}% were due."
        },
        brief_variants={("met", "1"): "the key results of {objective} are met and its outcome does not move"},
        confirmed=HALF,
    ),
}
