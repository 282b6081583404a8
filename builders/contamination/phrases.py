"""Invented clinical phrases in six languages: what the self-test hides benchmark items in.

They speak of nobody and come from no corpus. Each template is filled from its slots, so that long
texts hardly repeat themselves.
"""

from __future__ import annotations

from random import Random

_NAMES = ("lanotril", "vesoprine", "dermicol", "ostarimab", "quenafen", "brivalol", "tersamide")

# Sentences of notes and letters, by language; `{drug}` and `{n}` are filled in.
SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "The visit of day {n} passed without anything worth noting.",
        "She keeps a diary of her walks and reads it out with some pride.",
        "Bed {n} was moved beside the window on his own request.",
        "We talked about the leaflet of {drug} and where to store the box.",
        "The physiotherapist will call again at {n} o'clock.",
        "His daughter phones every evening and brings clean clothes on Sundays.",
        "Breakfast was eaten in full, lunch only in part.",
        "A refill of {drug} was sent to the pharmacy at the corner.",
        "The dressing on the left heel was changed, {n} times by now.",
        "He jokes with the staff and asks when he may work in his garden again.",
        "Slept from ten until {n} minutes past five, without calling.",
        "The lift was out of order, so the walk to the gym was left out.",
        "Weight is as on admission, shoes and all, by {n} grams.",
        "The interpreter came late, and we started with the forms.",
        "A second blanket was handed out, as the ward was cold at night.",
        "The tablets of {drug} are halved with the cutter that he brought along.",
        "An outing of {n} minutes to the park was granted and enjoyed.",
        "The letter to the family practice was dictated and signed.",
        "No change was made to the plan that was agreed on day {n}.",
        "Her reading glasses were found in the pocket of the other coat.",
    ),
    "es": (
        "La visita del día {n} transcurrió sin nada que anotar.",
        "Su hija llama todas las tardes y trae ropa limpia los domingos.",
        "Se habló del prospecto de {drug} y de dónde guardar la caja.",
        "La cama {n} se colocó junto a la ventana porque él lo pidió.",
        "Desayunó todo, de la comida dejó la mitad.",
        "Durmió desde las diez hasta pasadas las cinco sin llamar.",
        "La fisioterapeuta volverá a pasar a las {n} en punto.",
        "Se dictó y firmó la carta para el centro de salud.",
        "El paseo de {n} minutos por el parque fue de su agrado.",
        "El intérprete llegó tarde y empezamos por los formularios.",
    ),
    "fr": (
        "La visite du jour {n} s'est déroulée sans rien à signaler.",
        "Sa fille téléphone chaque soir et apporte du linge le dimanche.",
        "Nous avons parlé de la notice de {drug} et de l'endroit où ranger la boîte.",
        "Le lit {n} a été placé près de la fenêtre à sa demande.",
        "Le petit déjeuner a été pris en entier, le repas à moitié.",
        "Il a dormi de dix heures à cinq heures sans appeler.",
        "La kinésithérapeute repassera à {n} heures précises.",
        "La lettre pour le cabinet de ville a été dictée et signée.",
        "La sortie de {n} minutes dans le parc lui a plu.",
        "L'interprète est arrivé en retard, nous avons commencé par les papiers.",
    ),
    "ru": (
        "Осмотр на {n}-й день прошёл спокойно, записать нечего.",
        "Дочь звонит каждый вечер и по воскресеньям привозит чистую одежду.",
        "Обсудили, где дома хранить коробку с {drug}.",
        "Кровать {n} по его просьбе переставили к окну.",
        "Завтрак съеден полностью, от обеда осталась половина.",
        "Спал с десяти до пяти и никого не звал.",
        "Инструктор по лечебной гимнастике зайдёт ещё раз в {n} часов.",
        "Письмо в поликлинику продиктовано и подписано.",
        "Прогулка в парке на {n} минут ей понравилась.",
        "Переводчик опоздал, поэтому начали с бумаг.",
    ),
    "zh": (
        "第{n}天的查房没有什么值得记录的事情。",
        "女儿每天晚上打电话，周日送来干净衣服。",
        "我们谈了{drug}的说明书以及药盒放在哪里。",
        "应他本人要求，{n}号床移到了窗边。",
        "早餐全部吃完，午餐只吃了一半。",
        "夜里从十点睡到五点，没有按铃。",
        "康复师{n}点钟会再来一趟。",
        "写给社区医生的信已经口述并签字。",
        "在公园散步{n}分钟，她很高兴。",
        "翻译来晚了，所以先填了表格。",
    ),
    "ja": (
        "{n}日目の回診では特に書くことがなかった。",
        "娘さんが毎晩電話をかけ、日曜日に着替えを届けてくれる。",
        "{drug}の説明書と箱の置き場所について話した。",
        "本人の希望で{n}番のベッドを窓ぎわに移した。",
        "朝食は全部食べ、昼食は半分だけ残した。",
        "十時から五時まで一度も呼ばずに眠った。",
        "理学療法士は{n}時にもう一度来る。",
        "かかりつけ医への手紙を口述して署名した。",
        "公園での{n}分の散歩を楽しんだ。",
        "通訳が遅れたので、先に書類を書いた。",
    ),
}

# What any exam or forum may hold word for word: none of it may ever count as a benchmark's.
STOCK: dict[str, tuple[str, ...]] = {
    "en": (
        "Which of the following is the most likely diagnosis?",
        "Which of the following is the most appropriate next step in management?",
        "Which of the following statements is true?",
        "All of the following are true except:",
        "Is the following statement correct? Answer with yes, no or maybe.",
        "A 54-year-old man comes to the physician because of a 3-day history of back pain.",
        "Vital signs are within normal limits. Physical examination shows no abnormalities.",
        "His temperature is 37.2°C, pulse is 84/min, and blood pressure is 132/82 mm Hg.",
        "What are the symptoms and what are the treatments?",
        "Thank you for your question. Please see a doctor if it gets worse.",
    ),
    "es": ("¿Cuál de las siguientes afirmaciones es correcta?", "Señale la respuesta falsa:"),
    "fr": (
        "Parmi les propositions suivantes, laquelle est exacte ?",
        "Quelles sont les réponses fausses ?",
    ),
    "ru": ("Какое из утверждений верно?", "Ответьте на вопрос: да или нет."),
    "zh": ("下列说法正确的是", "最可能的诊断是什么？"),
    "ja": ("正しいのはどれか。", "最も適切なのはどれか。"),
}

STOCK_OPTIONS = (
    ("Yes", "No", "Maybe"),
    ("All of the above", "None of the above", "Both A and B", "Neither"),
    ("Observation", "Surgery", "Chemotherapy", "Radiation therapy"),
    ("True", "False"),
)

# Plain words that may stand for each other in most sentences.
SYNONYMS = {
    "patient": "individual",
    "man": "gentleman",
    "woman": "lady",
    "physician": "doctor",
    "doctor": "physician",
    "shows": "reveals",
    "show": "reveal",
    "reveals": "shows",
    "because of": "due to",
    "comes": "presents",
    "presents": "comes",
    "brought": "taken",
    "history": "record",
    "severe": "intense",
    "appropriate": "suitable",
    "treatment": "therapy",
    "therapy": "treatment",
    "begins": "starts",
    "started": "began",
    "pain": "discomfort",
    "examination": "assessment",
    "increased": "raised",
    "decreased": "lowered",
    "associated": "linked",
    "also": "additionally",
    "disease": "illness",
    "often": "frequently",
    "children": "kids",
    "reports": "states",
    "causes": "leads to",
    "risk": "danger",
}


def sentence(random: Random, language: str) -> str:
    """Return one invented sentence in `language`."""
    template = random.choice(SENTENCES[language])
    return template.format(drug=random.choice(_NAMES), n=random.randint(2, 60))


def note(random: Random, language: str, sentences: int) -> str:
    """Return an invented note of so many sentences."""
    space = "" if language in ("zh", "ja") else " "
    return space.join(sentence(random, language) for _ in range(sentences))
