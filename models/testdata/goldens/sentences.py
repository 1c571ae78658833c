"""The sentences that tokenizers are compared on: captions in 22 languages, and what breaks tokenizers.

Each language has ten nouns and ten templates, hence a hundred captions. edges() adds emoji and their joiners, control
characters, scripts side by side, right-to-left text, literal special tokens, white space, long inputs, references and
typography that open_clip straightens. Nothing is random: the list is the same at every call.
"""

LANGUAGES = {
    "English": (
        "a cat|an old bicycle|two children|the red lighthouse|a bowl of soup|my neighbour's dog|a steam engine|fresh bread|a mountain lake|the night sky",
        "a photo of {}|a close-up of {}, black and white|{} in the rain|is that {}?|{} on a wooden table!|we saw {} at 7:45 p.m.|a drawing of {} by a child|{}, 1937|don't forget {}|I can't find {} here",
    ),
    "German": (
        "eine Katze|ein altes Fahrrad|zwei Kinder|der rote Leuchtturm|eine Schüssel Suppe|Großmutters Hund|eine Dampflokomotive|frisches Brot|ein Bergsee|der Nachthimmel",
        "ein Foto: {}|{} aus der Nähe, schwarz-weiß|{} im Regen|ist das {}?|{} auf dem Holztisch!|wir sahen {} um 19:45 Uhr|eine Kinderzeichnung: {}|{}, 1937|vergiss nicht: {}|Straßenfest, {} und Überraschungen",
    ),
    "French": (
        "un chat|un vieux vélo|deux enfants|le phare rouge|un bol de soupe|le chien d'à côté|une locomotive à vapeur|du pain frais|un lac de montagne|le ciel étoilé",
        "une photo avec {}|{} en gros plan, noir et blanc|{} sous la pluie|est-ce que c'est {} ?|{} sur une table en bois !|nous avons vu {} à 19 h 45|un dessin d'enfant : {}|{}, 1937|n'oubliez pas {}|l'été, {} et l'œuvre",
    ),
    "Spanish": (
        "un gato|una bicicleta vieja|dos niños|el faro rojo|un plato de sopa|el perro del vecino|una locomotora de vapor|pan fresco|un lago de montaña|el cielo nocturno",
        "una foto de {}|{} de cerca, en blanco y negro|{} bajo la lluvia|¿es {}?|¡{} sobre una mesa de madera!|vimos {} a las 19:45|un dibujo infantil de {}|{}, 1937|no olvides {}|mañana, {} y el pingüino",
    ),
    "Italian": (
        "un gatto|una vecchia bicicletta|due bambini|il faro rosso|una scodella di zuppa|il cane del vicino|una locomotiva a vapore|pane fresco|un lago di montagna|il cielo notturno",
        "una foto di {}|{} da vicino, in bianco e nero|{} sotto la pioggia|è {}?|{} su un tavolo di legno!|abbiamo visto {} alle 19:45|un disegno di {}|{}, 1937|non dimenticare {}|perché {} è così",
    ),
    "Portuguese": (
        "um gato|uma bicicleta velha|duas crianças|o farol vermelho|uma tigela de sopa|o cão do vizinho|uma locomotiva a vapor|pão fresco|um lago de montanha|o céu noturno",
        "uma foto de {}|{} de perto, a preto e branco|{} à chuva|é {}?|{} sobre uma mesa de madeira!|vimos {} às 19h45|um desenho de {}|{}, 1937|não esqueças {}|amanhã, {} e o coração",
    ),
    "Dutch": (
        "een kat|een oude fiets|twee kinderen|de rode vuurtoren|een kom soep|de hond van de buren|een stoomlocomotief|vers brood|een bergmeer|de nachtelijke hemel",
        "een foto van {}|{} van dichtbij, zwart-wit|{} in de regen|is dat {}?|{} op een houten tafel!|we zagen {} om 19.45 uur|een tekening van {}|{}, 1937|vergeet {} niet|één keer {}, ĳsselmeer",
    ),
    "Polish": (
        "kot|stary rower|dwoje dzieci|czerwona latarnia morska|miska zupy|pies sąsiada|parowóz|świeży chleb|górskie jezioro|nocne niebo",
        "zdjęcie: {}|{} z bliska, czarno-białe|{} w deszczu|czy to {}?|{} na drewnianym stole!|widzieliśmy: {}, godz. 19:45|rysunek dziecka: {}|{}, 1937|nie zapomnij: {}|źdźbło, żółw i {}",
    ),
    "Czech": (
        "kočka|staré kolo|dvě děti|červený maják|miska polévky|sousedův pes|parní lokomotiva|čerstvý chléb|horské jezero|noční obloha",
        "fotografie: {}|{} zblízka, černobíle|{} v dešti|je to {}?|{} na dřevěném stole!|viděli jsme: {}, 19.45|dětská kresba: {}|{}, 1937|nezapomeň: {}|příliš žluťoučký kůň, {}",
    ),
    "Russian": (
        "кошка|старый велосипед|двое детей|красный маяк|тарелка супа|соседская собака|паровоз|свежий хлеб|горное озеро|ночное небо",
        "фотография: {}|{} крупным планом, чёрно-белое|{} под дождём|это {}?|{} на деревянном столе!|мы видели: {}, в 19:45|детский рисунок: {}|{}, 1937|не забудь: {}|объявление и {}",
    ),
    "Ukrainian": (
        "кішка|старий велосипед|двоє дітей|червоний маяк|тарілка супу|сусідський собака|паротяг|свіжий хліб|гірське озеро|нічне небо",
        "світлина: {}|{} зблизька, чорно-біле|{} під дощем|це {}?|{} на дерев'яному столі!|ми бачили: {}, о 19:45|дитячий малюнок: {}|{}, 1937|не забудь: {}|ґанок, їжак і {}",
    ),
    "Greek": (
        "μια γάτα|ένα παλιό ποδήλατο|δύο παιδιά|ο κόκκινος φάρος|ένα μπολ σούπα|ο σκύλος του γείτονα|μια ατμομηχανή|φρέσκο ψωμί|μια ορεινή λίμνη|ο νυχτερινός ουρανός",
        "φωτογραφία: {}|{} από κοντά, ασπρόμαυρο|{} στη βροχή|είναι {};|{} πάνω σε ξύλινο τραπέζι!|είδαμε {} στις 19:45|παιδική ζωγραφιά: {}|{}, 1937|μην ξεχάσεις: {}|ΟΔΥΣΣΕΥΣ ΚΑΙ ΣΟΦΟΣ, {}",
    ),
    "Turkish": (
        "bir kedi|eski bir bisiklet|iki çocuk|kırmızı deniz feneri|bir kase çorba|komşunun köpeği|buharlı lokomotif|taze ekmek|bir dağ gölü|gece gökyüzü",
        "fotoğraf: {}|{} yakından, siyah beyaz|yağmurda {}|bu {} mı?|ahşap masada {}!|saat 19.45'te {} gördük|çocuk çizimi: {}|{}, 1937|{} unutma|IŞIK, İSTANBUL ve {}",
    ),
    "Arabic": (
        "قطة|دراجة قديمة|طفلان|المنارة الحمراء|وعاء حساء|كلب الجيران|قاطرة بخارية|خبز طازج|بحيرة جبلية|سماء الليل",
        "صورة: {}|{} عن قرب، بالأبيض والأسود|{} تحت المطر|هل هذا {}؟|{} على طاولة خشبية!|رأينا {} في الساعة ١٩:٤٥|رسم طفل: {}|{}، ١٩٣٧|لا تنسَ {}|مُحَمَّدٌ و{}",
    ),
    "Hebrew": (
        "חתול|אופניים ישנים|שני ילדים|המגדלור האדום|קערת מרק|הכלב של השכן|קטר קיטור|לחם טרי|אגם הררי|שמי הלילה",
        "תמונה: {}|{} מקרוב, שחור לבן|{} בגשם|האם זה {}?|{} על שולחן עץ!|ראינו {} בשעה 19:45|ציור ילדים: {}|{}, 1937|אל תשכח {}|שָׁלוֹם, {}",
    ),
    "Persian": (
        "یک گربه|یک دوچرخه قدیمی|دو کودک|فانوس دریایی قرمز|یک کاسه سوپ|سگ همسایه|لوکوموتیو بخار|نان تازه|دریاچه کوهستانی|آسمان شب",
        "عکس: {}|{} از نزدیک، سیاه و سفید|{} زیر باران|آیا این {} است؟|{} روی میز چوبی!|{} را ساعت ۱۹:۴۵ دیدیم|نقاشی کودک: {}|{}، ۱۹۳۷|{} را فراموش نکن|می‌خواهم {}",
    ),
    "Hindi": (
        "एक बिल्ली|एक पुरानी साइकिल|दो बच्चे|लाल प्रकाशस्तंभ|सूप का कटोरा|पड़ोसी का कुत्ता|भाप का इंजन|ताज़ी रोटी|पहाड़ी झील|रात का आकाश",
        "तस्वीर: {}|{} पास से, श्वेत-श्याम|बारिश में {}|क्या यह {} है?|लकड़ी की मेज़ पर {}!|हमने {} को १९:४५ पर देखा|बच्चे का चित्र: {}|{}, १९३७|{} मत भूलना|क्षत्रिय, ज्ञान और {}",
    ),
    "Thai": (
        "แมว|จักรยานเก่า|เด็กสองคน|ประภาคารสีแดง|ซุปหนึ่งชาม|สุนัขของเพื่อนบ้าน|รถจักรไอน้ำ|ขนมปังสด|ทะเลสาบบนภูเขา|ท้องฟ้ายามค่ำคืน",
        "ภาพถ่าย{}|{}ระยะใกล้ ขาวดำ|{}กลางสายฝน|นี่คือ{}หรือเปล่า|{}บนโต๊ะไม้!|เราเห็น{}เวลา ๑๙:๔๕|ภาพวาดของเด็ก: {}|{} 1937|อย่าลืม{}|น้ำ ผู้ใหญ่ และ{}",
    ),
    "Chinese": (
        "一只猫|一辆旧自行车|两个孩子|红色的灯塔|一碗汤|邻居的狗|蒸汽机车|新鲜的面包|高山湖泊|夜空",
        "一张{}的照片|{}的特写，黑白|雨中的{}|这是{}吗？|木桌上的{}！|我们在19:45看到了{}|孩子画的{}|{}，1937年|别忘了{}|龍與{}，繁體字",
    ),
    "Japanese": (
        "猫|古い自転車|二人の子供|赤い灯台|一杯のスープ|隣の犬|蒸気機関車|焼きたてのパン|山の湖|夜空",
        "{}の写真|{}のクローズアップ、白黒|雨の中の{}|これは{}ですか？|木のテーブルの上の{}！|午後７時45分に{}を見ました|子供が描いた{}|{}、1937年|{}を忘れないで|ﾃｽﾄと{}、ー〜・",
    ),
    "Korean": (
        "고양이|낡은 자전거|두 아이|빨간 등대|수프 한 그릇|이웃집 개|증기 기관차|갓 구운 빵|산속 호수|밤하늘",
        "{} 사진|{} 클로즈업, 흑백|비 내리는 날의 {}|이것은 {}입니까?|나무 탁자 위의 {}!|19:45에 {} 봤어요|아이가 그린 {}|{}, 1937년|{} 잊지 마세요|ㄱㄴㄷ 뷁 {}",
    ),
    "Vietnamese": (
        "một con mèo|chiếc xe đạp cũ|hai đứa trẻ|ngọn hải đăng đỏ|một bát súp|con chó nhà hàng xóm|đầu máy hơi nước|bánh mì tươi|hồ trên núi|bầu trời đêm",
        "ảnh chụp {}|{} cận cảnh, đen trắng|{} dưới mưa|đây có phải là {} không?|{} trên bàn gỗ!|chúng tôi thấy {} lúc 19:45|trẻ em vẽ {}|{}, 1937|đừng quên {}|Nguyễn Ỷ, {} và ướt đẫm",
    ),
}

# Characters that a person sees as one, made of several.
EMOJI = "😀 🚀 🐈‍⬛ 👩‍👩‍👧‍👦 👨🏽‍🚒 🏳️‍🌈 🏴󠁧󠁢󠁷󠁬󠁳󠁿 ❤️ ❤ ☎️ 1️⃣ 🇩🇪 🇯🇵🇰🇷 🤷🏿‍♀️ 👁️‍🗨️ 🫱🏻‍🫲🏿 ⌚ 🀄 ✔ ™ © ㊗️".split(" ")

# What closes or opens a sequence in some model, written out by a user.
SPECIAL = (
    "<|endoftext|> <|startoftext|> [CLS] [SEP] [PAD] [MASK] [UNK] <s> </s> <pad> <unk> <mask> <bos> <eos> <extra_id_0> "
    "<start_of_turn> <|im_start|> <0x0A> ##ing ▁the Ġword word</w> <start_of_image> <end_of_utterance>"
).split(" ")
# Written out, these end or begin a sequence in open_clip's own tokenizer; see make.py.
OPEN_CLIP_SPECIAL = ["<start_of_text>", "<end_of_text>", "a <end_of_text> b"]

WHITESPACE = [
    "", " ", "  ", "\t", "\n", "\r\n", " a", "a ", "  a  b  ", "a\tb", "a\nb", "a\r\nb", "a\r\rb", "a\u00a0b", "a\u2003b", "a\u3000b", "a\u2028b", "a\u2029b",
    "a\u200bb", "a\ufeffb", "\ufeffa", "a\u0085b", "a\x0bb", "a\x0cb", "a\x1cb\x1dc\x1ed\x1fe", "a\u180eb", "a\u1680b", "a\u205fb", "a\n\n\nb\n", " \n \t a \u3000 ",
]

CONTROL = [f"a{chr(c)}b" for c in [*range(1, 0x20), 0x7F, *range(0x80, 0xA0)]] + [
    "\x1b[31mred\x1b[0m", "\x1b[1;32mgreen", "a\u061cb", "a\u200db", "a\u200cb", "a\u200eb\u200fc", "\u202eabc\u202c", "\u2066abc\u2069", "a\u206ab", "a\ufff9b\ufffac\ufffb",
    "a\ufffcb", "a\ufffdb", "a\ufffeb", "a\U000e0041b", "a\U0001d173b", "a\ue000b", "a\U0010fffdb", "a\u00adb", "a\u034fb",
]

TYPOGRAPHY = [
    "“curly” ‘quotes’ and an apostrophe’s", "„unten“ ‚einfach‘ »Winkel«", "rock ’n’ roll", "ʼn dag, ŉ dag", "ﬁne ﬂour, eﬃcient ﬀ ﬄ ﬅ ﬆ", "Ĳsland ĳs", "ǆ Ǆ ǅ ǈ ǌ ǳ",
    "ＦＵＬＬ　ｗｉｄｔｈ！？（１２３）", "ﾊﾝｶｸ ｶﾞｷﾞ ﾊﾟ", "￥１０００ ￡ ￦", "１/２ ½ ⅓ ² ³ ₂", "e\u0301 = é, A\u030a = Å, \u212b", "q\u0307\u0323 q\u0323\u0307", "a…b – c — d ‐ e − f", "x̄ ẍ n̈",
    "&amp; &lt;b&gt; &quot;x&quot;", "AT&T, R&D, this&not that", "&eacute;t&eacute; &NTILDE; &EACUTE; &hellip;", "&#233; &#xe9; &#8217; &#x1F600; &#0; &#1; &#128; &#xD800; &#99999999;", "&amp;amp;lt;", "a<b &amp; c&gt;d",
    "one &amp; two\nthree <b> &amp; four\nfive &amp; six", "&notit; &notin; &copy &copy; &unknown; &;", "100% & more &", "ÀÉÎÕÜ àéîõü ÿ Ÿ ß ẞ ſ", "İSTANBUL ISPARTA ıi", "ΣΊΣΥΦΟΣ, ΣΑΣ. Σ ΑΣ1 ΑΣ-Σ",
    "ÅNGSTRÖM Ångström", "Ǆ ǅ ǆ", "Ⅷ ⅷ Ⓐ ⓐ", "Ꭰ ꭰ Ა ა", "𝒜𝓃𝒸𝓎 𝔉𝔯𝔞𝔨𝔱𝔲𝔯 𝟙𝟚", "ｶﾞ ガ か゛", "한글 = 한글", "नि = नि, क्‍ष", "ก็ เก้าอี้", "لا ﻻ ﷲ ﷺ", "שׁ שׁ", "ǖǘǚǜ ʤ ʦ", "№ ℡ ℃ Ω Ω K", "a_b__c _d_ snake_case", "\\n \\t \\u00e9 C:\\dir",
]

TEXTS = [
    "it's, they're, I've, I'm, we'll, he'd, can't, IT'S THEY'RE", "'s 't 're 've 'm 'll 'd", "a photo of a CAT.", "SKU-1234/56_7#8", "3.14159 1,000,000 12345678901234567890", "e-mail: someone@example.org",
    "https://example.org/a/b?c=d&e=f#g", "C++ C# F# .NET a+b=c x^2 {y} [z] (w) |v| ~u` $t", "!!! ??? ... ,,, ;;; :::", "a.b.c a-b-c a/b/c a'b'c a\"b\"c", "日本語とEnglishとРусскийとالعربية", "abc日本語def한국어ghi", "中文,English,中文。", "שלום hello مرحبا 你好",
    "12月24日（木）の写真", "𠮷野家 𩸽 𠀋", "ᚠᛇᚻ ᛒᛦᚦ", "ܫܠܡܐ ሰላም བོད ကမ ខ្មែរ ລາວ සිංහල தமிழ் తెలుగు ಕನ್ನಡ മലയാളം ગુજરાતી ਪੰਜਾਬੀ বাংলা", "ქართული հայերեն ᏣᎳᎩ ᐃᓄᒃᑎᑐᑦ", "𐍈 𐤀 𒀀 𓀀", "\U0001f9d1\u200d\U0001f4bb", "♔♕♖ ♪♫ →↔⇒ ∀∃∈∑ ░▒▓ ▁▂▃",
    "a" * 100, "ab" * 300, "supercalifragilisticexpialidocious " * 4, "x" * 1000, "é" * 300, "漢" * 400, "🚀" * 120, "👩‍👩‍👧‍👦" * 40, "1" * 200, "." * 200, " " * 500 + "a", "a " * 500,
    "the quick brown fox jumps over the lazy dog " * 12, "Ein sehr langer Satz über Brücken und Flüsse. " * 20,
]


def repeated(text, size):
    """text again and again, cut at size bytes of UTF-8."""
    whole = (text * (size // len(text.encode()) + 1)).encode()[:size]
    return whole.decode(errors="ignore")


def edges():
    yield from WHITESPACE
    yield from CONTROL
    yield from TYPOGRAPHY
    yield from TEXTS
    for emoji in EMOJI:
        yield emoji
        yield f"a cat {emoji} and a dog{emoji}"
    for token in SPECIAL:
        yield token
        yield f"before {token} after"
        yield token + token
    yield "a <|endoftext|> b <|startoftext|> c"
    for text in ["ten kilobytes of text. ", "zehn Kilobyte Größe; ", "десять килобайт ", "十キロバイトの文章。", "🚀👩‍🚀 ", "عشرة كيلوبايت ", "a", "\n", "word<|endoftext|>"]:
        yield repeated(text, 10_000)


def captions():
    for nouns, templates in LANGUAGES.values():
        for template in templates.split("|"):
            for noun in nouns.split("|"):
                yield template.format(noun)


def everything():
    """All sentences, each once, in a fixed order."""
    return list(dict.fromkeys([*captions(), *edges()]))


if __name__ == "__main__":
    for name, (nouns, templates) in LANGUAGES.items():
        assert len(nouns.split("|")) == len(templates.split("|")) == 10, name
    print(len(LANGUAGES), "languages,", len(everything()), "sentences")
