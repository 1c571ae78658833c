"""Sentences of our own for measuring and for goldens: edge cases first, then generated ones."""

import random

EDGES = [
    "", " ", "\t\n", "a", "A", ".", "?!", "0", "42", "3.14159", "cat", "CAT", "Cat.", "a photo of a cat",
    "A photo of a cat, sleeping on a red sofa.", "the quick brown fox jumps over the lazy dog",
    "It's a dog's life, isn't it?", "naïve café déjà-vu façade", "Übergrößenträger", "SKU-1234", "invoice_2023-11.pdf",
    "user@example.org", "https://example.org/a/b?c=d&e=f#g", "C:\\photos\\holiday\\IMG_0042.JPG", "1,299.00 EUR",
    "[CLS] literal control words [SEP] [PAD] [UNK] [MASK]", "[mask]", "##ing", "<b>bold</b> &amp; plain", "a\u0000b",
    "zero\u200bwidth\u200bspace", "non\u00a0breaking\u00a0space", "tab\tseparated\tvalues", "line one\nline two\r\nline three",
    "e\u0301 composed and \u00e9 precomposed", "ﬁne ligatures ﬂow", "ＦＵＬＬＷＩＤＴＨ", "½ ⅓ ² ™ © №",
    "😀", "🚀🌕 to the moon!", "👩‍👩‍👧‍👦 a family", "👍🏽", "🇨🇭 flag", "☕️ coffee", "♞ chess knight", "αβγ ΔΣΩ",
    "Ein roter Hund läuft durch den verschneiten Wald.", "Une tasse de café sur la table en bois.",
    "Una motocicleta vieja frente al garaje.", "Um foguete decolando à noite.", "Un gatto che dorme al sole.",
    "Старый мотоцикл стоит у гаража.", "Μια γάτα κοιμάται.", "一只猫在沙发上睡觉", "红色连衣裙", "猫の写真を探しています",
    "ひらがなとカタカナ", "고양이 사진", "صورة قطة نائمة", "חתול ישן על הספה", "बिल्ली की तस्वीर", "รูปถ่ายของแมว",
    "Bức ảnh một con mèo đang ngủ", "Kedi fotoğrafı İstanbul'da", "Zdjęcie śpiącego kota", "Přílišžluťoučký kůň",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "very " * 300 + "long", "cat " * 253 + "dog", "cat " * 254 + "dog", "word, " * 400, "字" * 400,
]

SUBJECTS = (
    "a cat", "two dogs", "an old motorcycle", "a cup of coffee", "the rocket", "my neighbour", "a flock of birds", "a child",
    "the night train", "an astronaut", "a bowl of fruit", "the lighthouse", "a wooden boat", "three horses", "a street musician",
    "the full moon", "a vintage camera", "an empty classroom", "the wedding cake", "a red umbrella",
)
ACTIONS = (
    "in front of a garage door", "on a snowy mountain", "under a bridge at night", "beside the kitchen window",
    "leaving the station", "covered with dust", "seen from above", "in black and white", "on a wooden table",
    "waiting for the rain to stop", "against a blue sky", "reflected in the water", "that nobody has noticed for years",
    "painted by my grandmother", "during the summer festival",
)
SHAPES = (
    "{s} {a}", "a photo of {s} {a}", "Have you ever seen {s} {a}?", "I am looking for {s} {a}, please.",
    "{s}, {s2} and {s3} {a}.", "The report says that {s} {a} cost more than {n} euros in {y}.",
    "Not {s} but {s2} {a}.", "How do I find {s} {a} on page {n}?",
)


def generated(count, seed=11):
    r = random.Random(seed)
    for _ in range(count):
        s, s2, s3 = r.sample(SUBJECTS, 3)
        shape, action = r.choice(SHAPES), r.choice(ACTIONS)
        yield shape.format(s=s, s2=s2, s3=s3, a=action, n=r.randint(2, 900), y=r.randint(1950, 2030))


def five_hundred():
    return EDGES + list(generated(500 - len(EDGES)))
