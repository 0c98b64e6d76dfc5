"""What a generated firm writes about: subjects and sentences in several languages and scripts."""

# Language, subjects, sentences. The shares follow from how often a language stands in LANGUAGES.
ENGLISH = (
    (
        "Annual review", "Pension transfer", "ISA allowance", "Mortgage renewal", "Valuation as of quarter end",
        "Change of bank details", "Trust deed", "School fees plan", "Withdrawal request", "Meeting next week",
    ),
    (
        "Thank you for the figures, they are clearer than last year's.",
        "Could we move the meeting to Thursday, please?",
        "The signed form is on its way to the custodian.",
        "I would rather keep the cash position until spring.",
        "Please find the comparison in the table below.",
        "The tax office asks for the certificate before the end of the month.",
        "My wife would like to join the call, if that is all right with you.",
        "Nothing changes in the plan, but two numbers need your decision.",
        "The transfer arrived this morning, a day early.",
        "Let us speak about the risk profile when the house is sold.",
    ),
)  # fmt: skip
GERMAN = (
    ("Jahresgespräch", "Freistellungsauftrag", "Übertragung des Depots", "Rückfrage zur Police"),
    (
        "Vielen Dank für die Unterlagen, sie sind vollständig.",
        "Könnten wir den Termin auf Freitag verschieben?",
        "Die Bescheinigung für das Finanzamt fehlt noch.",
        "Größere Änderungen erwarte ich in diesem Jahr nicht.",
    ),
)
FRENCH = (
    ("Bilan annuel", "Assurance-vie", "Virement à prévoir", "Rendez-vous du mois prochain"),
    (
        "Merci pour votre réponse très claire.",
        "Pourriez-vous m'envoyer le relevé à jour ?",
        "Nous préférons attendre la vente de l'appartement.",
        "Le notaire a besoin de l'original signé.",
    ),
)
JAPANESE = (
    ("年次面談のご案内", "信託契約について", "送金のご確認"),
    ("いつもお世話になっております。", "書類は本日発送いたしました。", "来週の火曜日はいかがでしょうか。"),
)
ARABIC = (
    ("المراجعة السنوية", "تحويل الأموال"),
    ("شكراً على ردكم السريع.", "هل يمكن تأجيل الاجتماع إلى يوم الخميس؟", "أرفقت لكم المستندات المطلوبة."),
)
POLISH = (
    ("Przegląd roczny", "Zmiana rachunku", "Umowa kredytowa"),
    (
        "Dziękuję za szybką odpowiedź.",
        "Czy możemy przełożyć spotkanie na środę?",
        "Przesyłam zaświadczenie.",
    ),
)
GREEK = (
    ("Ετήσια επισκόπηση", "Μεταφορά κεφαλαίων"),
    ("Ευχαριστώ για τα στοιχεία.", "Μπορούμε να μιλήσουμε την Πέμπτη;", "Η αίτηση έχει υπογραφεί."),
)
CHINESE = (
    ("年度回顾", "转账确认"),
    ("感谢您的及时回复。", "我们下周二见面可以吗?", "文件已签署并寄出。"),
)
LANGUAGES = (*(ENGLISH,) * 14, GERMAN, GERMAN, FRENCH, FRENCH, POLISH, GREEK, CHINESE, JAPANESE, ARABIC)

FIRST_NAMES = (
    "Alice", "Bruno", "Chidi", "Dana", "Emre", "Farah", "Giulia", "Hugo", "Ines", "Jonas", "Kaori", "Liam", "Mira",
    "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wanda", "Xenia", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Berger", "Castellan", "Dumont", "Eriksen", "Falkner", "Greaves", "Hollis", "Ivanova", "Jansen",
    "Kessler", "Lombard", "Marchetti", "Novak", "Osborne", "Petrescu", "Quillan", "Rossetti", "Sandoval", "Thorne",
    "Ueda", "Vasquez", "Whitlock", "Xu", "Yilmaz", "Zander",
)  # fmt: skip
NEWSLETTERS = ("daily@marketwire.example", "weekly@fundflows.example", "events@advisersummit.example")
STRANGERS = ("law.example", "recruiting.example", "estate.example", "prospects.example", "press.example")
