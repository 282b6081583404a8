"""Templated rows as instruction data has them: one wording, other values; and true copies of some.

All invented. Two rows with different values are different patients, however alike they read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_DRUGS = [
    f"{a}{b}"
    for a in "cel dor mep nar pax quel riv sol tam vor".split()
    for b in "abine ipril mycin olol oxin statin tide zepam".split()
]
_FINDINGS = [
    f"{a} {b}"
    for a in "mild moderate severe intermittent sudden chronic".split()
    for b in "headache,dizziness,chest pain,cough,nausea,back pain,rash,wheezing,"
    "abdominal pain,palpitations,leg swelling,blurred vision".split(",")
]
_DISEASES = [
    f"{a} {b}"
    for a in "acute chronic recurrent congenital idiopathic".split()
    for b in "nephritis,gastritis,arthritis,neuropathy,dermatitis,anaemia,asthma,"
    "pancreatitis,thyroiditis,vasculitis".split(",")
]
_ARRIVALS = ("walked in", "came by ambulance", "was brought by the police", "came by helicopter")


@dataclass(frozen=True)
class Row:
    """A templated row; a planted copy names the row it says again."""

    id: str
    task: str
    input: str
    output: str
    origin: str = ""


def _triage(chance: random.Random) -> tuple[str, str]:
    # Most of the form is its own wording, as in the forms that emergency departments print.
    text = (
        "This is the record that the triage nurse of the emergency department wrote down when the "
        "patient was first seen at the front desk, before any physician had looked at the patient "
        "and before any laboratory test or image had been ordered. All values were taken once, at "
        "rest, with the devices of the department, and were read back to the patient. "
        f"The patient, {chance.randint(18, 97)} years old, {chance.choice(_ARRIVALS)} to the "
        f"emergency department. The temperature was {chance.uniform(96, 104):.1f} degrees, the "
        f"heart rate was {chance.randint(45, 160)} beats per minute, the respiratory rate was "
        f"{chance.randint(10, 40)} breaths per minute, the oxygen saturation was "
        f"{chance.randint(80, 100)} percent on room air, and the blood pressure was "
        f"{chance.randint(80, 210)} over {chance.randint(40, 120)}. The patient rates the pain as "
        f"{chance.randint(0, 10)} of 10. The chief complaint is {chance.choice(_FINDINGS)}. "
        "No further history could be taken at that time, the patient was asked to wait in the "
        "waiting area under the eyes of the nursing staff, and was told to come back to the desk "
        "at once if anything became worse or if new complaints appeared while waiting."
    )
    return text, f"Acuity level {chance.randint(1, 5)}"


def _table(chance: random.Random) -> tuple[str, str]:
    values = {
        "Age": chance.randint(18, 97),
        "Sodium (mmol/L)": chance.randint(120, 155),
        "Potassium (mmol/L)": f"{chance.uniform(2.5, 6.5):.1f}",
        "Creatinine (mg/dL)": f"{chance.uniform(0.4, 6):.2f}",
        "Haemoglobin (g/dL)": f"{chance.uniform(6, 18):.1f}",
        "White cells (10^9/L)": f"{chance.uniform(1, 25):.1f}",
        "Platelets (10^9/L)": chance.randint(20, 600),
        "Glucose (mg/dL)": chance.randint(50, 500),
        "Lactate (mmol/L)": f"{chance.uniform(0.4, 9):.1f}",
        "Diagnosis on admission": chance.choice(_DISEASES),
        "Current drug": chance.choice(_DRUGS),
    }
    lines = "\n".join(f"{name}: {value}" for name, value in values.items())
    return lines, chance.choice(("Died in hospital", "Left hospital alive"))


def _sentence(chance: random.Random) -> tuple[str, str]:
    drug, disease = chance.choice(_DRUGS), chance.choice(_DISEASES)
    text = (
        f"In this trial {chance.randint(12, 900)} patients with {disease} received "
        f"{chance.randint(1, 80) * 5} mg of {drug} daily for {chance.randint(2, 104)} weeks, and "
        f"{chance.choice(_FINDINGS)} was seen in {chance.randint(1, 60)} of them."
    )
    return text, f"{drug}\n{disease}"


_KINDS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "triage": _triage,
    "table": _table,
    "sentence": _sentence,
}


def _again(text: str, chance: random.Random) -> str:
    """Return `text` in another case, spacing or punctuation: what it says stays."""
    kind = chance.randrange(3)
    if kind == 0:
        return text.upper()
    if kind == 1:
        return text.replace(" ", "  ").replace("\n", " \n")
    return text.replace(", ", " , ").replace(". ", " .  ").removesuffix(".")


def templated(rows: int, copies: float = 0.02, seed: int = 0) -> Iterator[Row]:
    """Yield `rows` rows with distinct values, `copies` of them followed by a planted copy."""
    chance = random.Random(seed)
    seen: set[str] = set()
    number = 0
    while number < rows:
        task = chance.choice(sorted(_KINDS))
        text, output = _KINDS[task](chance)
        if text in seen:
            continue
        seen.add(text)
        row = Row(f"t{number:07d}", task, text, output)
        yield row
        number += 1
        if number < rows and chance.random() < copies:
            yield Row(f"t{number:07d}", task, _again(text, chance), output, row.id)
            number += 1
