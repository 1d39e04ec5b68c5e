"""What people write to be left alone, to be back, or to get help, by language (ISO 639-1). Data, no decisions.

Sources. English: the words of 47 CFR § 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe), and
those that US and Canadian carriers act on (STOPALL, OPTOUT, REMOVE, UNSTOP). ARRET and TD (in Chinese) are on Amazon's
list of required keywords; ALTO, INICIO and AUXILIO are the Spanish ones of US short codes. Other languages: the word
that “to stop, answer …” names there (STOP nearly everywhere, STOPP, BAJA, SAIR, RET, UNREG, HUY, הסר, لغو, 退订),
and its plain imperatives.

A word that often means something else as a whole answer is left out, however plain it looks: `acha` (“fine” in
Hindi), `seis` (“six” in Spanish), `dur` (“hard” in French), `off`, `no`, and `dừng` without its accents (“right” in
Vietnamese).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, tuple[str, ...]]

STOP: Final[Words] = {
    "en": (
        *("stop", "stopall", "stop all", "end", "quit", "cancel", "revoke", "remove", "unsubscribe"),
        *("optout", "opt out", "opt me out", "unsubscribe me", "remove me", "take me off", "leave me alone"),
        *("stop sms", "stop texts", "stop texting", "stop texting me", "stop messages", "stop messaging"),
        *("stop messaging me", "stop it", "stop this", "no more texts", "no more messages", "do not text"),
        *("do not text me", "don't text me"),
    ),
    "fr": (
        *("arrêt", "arrêter", "arrêtez", "stop pub", "désabonner", "désabonnement", "désinscription", "désinscrire"),
        *("me désinscrire", "résilier", "annuler", "ne plus recevoir"),
    ),
    "de": ("stopp", "abmelden", "abmeldung", "abbestellen", "austragen", "keine sms mehr", "keine sms"),
    "nl": ("stoppen", "afmelden", "afmelding", "uitschrijven", "geen sms meer"),
    "lb": ("ofmellen",),
    "af": ("staak", "teken uit", "kanselleer"),
    "es": (
        *("baja", "alto", "parar", "detener", "salir", "cancelar", "desuscribir", "desuscribirme", "dar de baja"),
        *("darme de baja", "no más mensajes", "no más sms", "eliminar"),
    ),
    "ca": ("baixa", "atura", "aturar", "donar de baixa"),
    "gl": ("darme de baixa",),
    "eu": ("gelditu", "baja eman"),
    "pt": (
        "sair",
        "pare",
        "parar",
        "remover",
        "descadastrar",
        "cancelar inscrição",
        "não quero receber",
        "não enviar mais",
    ),
    "it": ("ferma", "fermare", "annulla", "cancellami", "disiscrivi", "disiscrivimi", "disiscrizione", "basta"),
    "ro": ("oprește", "opriți", "dezabonare", "dezabonează", "renunț", "anulare"),
    "sv": ("stoppa", "avsluta", "avregistrera", "avanmäl", "avprenumerera", "sluta"),
    "nb": ("avslutt", "avmeld", "meld av", "avmelding", "stans", "slutt"),
    "da": ("afmeld", "frameld", "afmelding", "stop det", "stands"),
    "is": ("hætta", "afskrá", "stöðva"),
    "fi": ("lopeta", "peruuta", "poista", "ei enää viestejä"),
    "et": ("lõpeta", "loobu", "loobun", "tühista"),
    "lv": ("apturēt", "atteikties", "atrakstīties", "beigt", "pārtraukt"),
    "lt": ("stabdyti", "sustabdyti", "atsisakyti", "atsisakau", "nutraukti"),
    "pl": ("wypisz", "wypisz mnie", "rezygnuję", "rezygnacja", "anuluj", "koniec", "przestań"),
    "cs": ("zrušit", "odhlásit", "odhlásit se", "konec"),
    "sk": ("zrušiť", "odhlásiť", "koniec"),
    "sl": ("odjava", "odjavi", "prekini", "ustavi"),
    "hr": ("odjavi me", "stani", "zaustavi", "otkaži", "prestani"),
    "sr": ("одјава", "одјави", "прекини", "престани", "стани"),
    "mk": ("одјави ме", "запри", "откажи"),
    "bg": ("стоп", "спри", "спрете", "отказ", "отпиши", "отпиши ме", "край"),
    "ru": (
        *("стоп", "отписаться", "отписка", "отпишите", "отпишите меня", "отмена", "отказ", "прекратить", "прекратите"),
        *("хватит", "не присылать", "не присылайте"),
    ),
    "uk": ("відписатися", "відписатись", "відписка", "відмова", "зупинити", "зупиніть", "припинити", "скасувати"),
    "be": ("спыніць", "адпісацца", "адмова"),
    "sq": ("ndalo", "ndaloni", "çregjistrohu", "anulo"),
    "hu": ("állj", "leiratkozás", "leiratkozom", "leállítás", "vége"),
    "el": ("στοπ", "σταμάτα", "σταματήστε", "διακοπή", "διαγραφή", "απεγγραφή", "ακύρωση", "τέλος"),
    "tr": ("ret", "durdur", "iptal", "iptal et", "çıkış", "mesaj istemiyorum"),
    "az": ("dayandır", "dayan", "imtina"),
    "kk": ("тоқта", "тоқтату", "бас тарту"),
    "uz": ("to'xta", "to'xtat", "bekor qilish"),
    "mn": ("зогс", "зогсоо", "зогсоох", "цуцлах"),
    "ka": ("სტოპ", "შეჩერება", "გაუქმება"),
    "hy": ("ստոպ", "կանգ", "դադարեցնել", "չեղարկել"),
    "ar": (
        *("توقف", "توقّف", "إيقاف", "أوقف", "وقف", "قف", "إلغاء", "ألغ", "إلغاء الاشتراك", "الغاء الإشتراك", "ستوب"),
        *("لا ترسل", "لا ترسلوا", "لا ترسلوا لي", "كفى"),
    ),
    "fa": ("لغو", "لغو11", "لغو 11", "لغو اشتراک", "نفرستید", "متوقف"),
    "ur": ("بند", "بند کریں", "بند کرو", "روکیں", "روکو", "ختم"),
    "he": ("הסר", "הסרה", "הסירו", "הסר אותי", "הסירו אותי", "הפסק", "הפסיקו", "עצור", "ביטול", "להסיר"),
    "hi": ("रोकें", "रोको", "बंद", "बंद करें", "बंद करो", "बन्द करें", "रद्द", "हटाएं", "band karo"),
    "mr": ("थांबा", "थांबवा", "बंद करा"),
    "ne": ("रोक्नुहोस्", "बन्द", "बन्द गर्नुहोस्"),
    "bn": ("বন্ধ", "বন্ধ করুন", "বন্ধ করো", "থামুন", "থামান", "বাতিল"),
    "gu": ("રોકો", "બંધ", "બંધ કરો"),
    "pa": ("ਰੋਕੋ", "ਬੰਦ", "ਬੰਦ ਕਰੋ"),
    "ta": ("நிறுத்து", "நிறுத்துங்கள்", "நிறுத்தவும்", "ரத்து"),
    "te": ("ఆపు", "ఆపండి", "ఆపివేయండి", "రద్దు"),
    "kn": ("ನಿಲ್ಲಿಸಿ", "ನಿಲ್ಲಿಸು", "ರದ್ದು"),
    "ml": ("നിർത്തുക", "നിർത്തൂ", "റദ്ദാക്കുക"),
    "si": ("නවත්වන්න", "නවතන්න"),
    "th": ("หยุด", "หยุดส่ง", "ยกเลิก", "เลิก"),
    "lo": ("ຢຸດ", "ຍົກເລີກ"),
    "km": ("ឈប់", "បញ្ឈប់", "បោះបង់"),
    "my": ("ရပ်", "ရပ်ပါ", "ရပ်တန့်"),
    "vi": ("dừng", "dừng lại", "ngừng", "hủy", "huỷ", "hủy đăng ký", "từ chối"),
    "id": ("berhenti", "batal", "batalkan", "unreg", "hentikan"),
    "ms": ("henti", "tamatkan", "jangan hantar"),
    "tl": ("itigil", "tigil", "hinto", "tama na"),
    "sw": ("sitisha", "simamisha", "komesha", "ondoa"),
    "am": ("አቁም", "አቁሙ", "ሰርዝ"),
    "so": ("jooji", "joojiya"),
    "ha": ("tsaya", "daina", "dakatar"),
    "zu": ("yeka",),
    "zh": ("停止", "停", "退订", "退訂", "取消", "取消订阅", "取消訂閱", "拒收", "td", "不要再发", "不要再發"),
    "ja": ("停止", "配信停止", "解除", "登録解除", "ストップ", "やめて", "やめてください", "中止", "キャンセル"),
    "ko": ("중지", "정지", "거부", "수신거부", "수신 거부", "그만", "취소", "해지", "스톱"),
}
"""A whole message that says one of these is a STOP."""

ONLY_ALONE: Final = frozenset(
    (
        *("alto", "annuler", "annulla", "anulare", "anulo", "anuluj", "atura", "avsluta", "baixa", "baja"),
        *("basta", "batal", "batalkan", "beigt", "cancel", "cancelar", "daina", "dayan", "detener", "dừng"),
        *("eliminar", "end", "ferma", "fermare", "henti", "hinto", "huỷ", "hætta", "hủy", "imtina", "iptal"),
        *("iptal et", "keine sms", "konec", "koniec", "loobu", "lõpeta", "ngừng", "ondoa", "otkaži", "parar"),
        *("pare", "peruuta", "poista", "prestani", "przestań", "quit", "remove", "remover", "renunț", "ret"),
        *("revoke", "résilier", "sair", "salir", "sluta", "slutt", "staak", "stabdyti", "stands", "stani"),
        *("stans", "stop it", "stop this", "stoppen", "tama na", "td", "tigil", "tsaya", "tühista", "từ chối"),
        *("vége", "yeka", "zrušit", "zrušiť", "çıkış", "ακύρωση", "διαγραφή", "τέλος", "адмова", "відмова"),
        *("запри", "зогс", "зупинити", "край", "откажи", "отказ", "отмена", "прекратить", "престани"),
        *("скасувати", "стани", "хватит", "цуцлах", "կանգ", "չեղարկել", "ביטול", "עצור", "ألغ", "إلغاء", "بند"),
        *("ختم", "قف", "كفى", "لغو", "متوقف", "وقف", "थांबा", "बंद", "बन्द", "रद्द", "থামুন", "বন্ধ", "বাতিল"),
        *("ਬੰਦ", "બંધ", "ரத்து", "ఆపు", "రద్దు", "ರದ್ದು", "ยกเลิก", "เลิก", "ຍົກເລີກ", "ရပ်", "გაუქმება"),
        *("បោះបង់", "キャンセル", "中止", "停", "取消", "解除", "거부", "그만", "정지", "취소", "해지"),
    )
)
"""In a longer text these mostly speak of something else (“please cancel my appointment”): there they raise no flag."""

ACCENTS_MATTER: Final = frozenset({"dừng"})
"""Without its accents it is another word."""

START: Final[Words] = {
    "en": ("start", "unstop", "optin", "opt in", "subscribe", "resubscribe", "opt me in"),
    "es": ("inicio", "iniciar", "suscribir"),
    "fr": ("démarrer", "réabonner", "réinscription"),
    "de": ("anmelden", "anmeldung"),
    "pt": ("inscrever",),
    "it": ("iscrivimi", "riprendi"),
    "nl": ("aanmelden",),
    "ru": ("старт", "подписаться"),
    "uk": ("підписатися",),
    "ar": ("ابدأ", "اشتراك"),
    "zh": ("开始", "開始", "恢复订阅", "恢復訂閱"),
    "ja": ("再開",),
    "ko": ("시작", "수신동의"),
}
"""Few: somebody who is wrongly taken back in gets messages he had refused. YES is an answer to too much else."""

HELP: Final[Words] = {
    "en": ("help", "info", "support"),
    "fr": ("aide",),
    "de": ("hilfe",),
    "nl": ("hulp",),
    "es": ("ayuda", "auxilio"),
    "pt": ("ajuda",),
    "it": ("aiuto",),
    "ro": ("ajutor",),
    "sv": ("hjälp",),
    "da": ("hjælp",),
    "nb": ("hjelp",),
    "fi": ("apua", "ohje"),
    "pl": ("pomoc",),
    "hu": ("segítség",),
    "el": ("βοήθεια",),
    "tr": ("yardım", "bilgi"),
    "ru": ("помощь", "инфо"),
    "uk": ("допомога",),
    "ar": ("مساعدة",),
    "fa": ("راهنما",),
    "he": ("עזרה",),
    "hi": ("मदद",),
    "bn": ("সাহায্য",),
    "th": ("ช่วยเหลือ",),
    "vi": ("trợ giúp",),
    "id": ("bantuan",),
    "tl": ("tulong",),
    "sw": ("msaada",),
    "zh": ("帮助", "幫助"),
    "ja": ("ヘルプ",),
    "ko": ("도움말",),
}

POLITE: Final = (
    *("please", "pls", "plz", "thanks", "thank you", "thx", "ty", "now", "sir", "ok", "hi", "hello"),
    *("svp", "s'il vous plait", "s'il vous plaît", "stp", "merci", "bitte", "danke", "alstublieft", "aub", "bedankt"),
    *(
        "por favor",
        "gracias",
        "obrigado",
        "obrigada",
        "per favore",
        "grazie",
        "tack",
        "takk",
        "tak",
        "kiitos",
        "ole hyvä",
    ),
    *("proszę", "dziękuję", "prosím", "děkuji", "molim", "hvala", "моля", "пожалуйста", "спасибо", "будь ласка"),
    *("παρακαλώ", "lütfen", "teşekkürler", "من فضلك", "رجاء", "لطفا", "براہ کرم", "בבקשה", "תודה", "कृपया", "দয়া করে"),
    *(
        "กรุณา",
        "ครับ",
        "ค่ะ",
        "xin",
        "tolong",
        "terima kasih",
        "salamat",
        "tafadhali",
        "请",
        "請",
        "谢谢",
        "謝謝",
        "お願いします",
    ),
)
"""Said before or after the word without changing what it asks for."""
