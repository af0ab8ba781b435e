"""What workers ask in words of their own. A short table, matched word for word: no cleverness."""

from __future__ import annotations

from enum import StrEnum

from bot.parsing import typed_text

LONGEST = 100
"""Characters; whoever writes more tells a story."""


class Question(StrEnum):
    """What is asked."""

    WHO = "who"  #: calls this
    HOW_LONG = "how_long"
    FIRED = "fired"
    BOSS = "boss"
    REAL = "real"
    WHOM = "whom"  #: to ask
    # only when typed:
    STOP = "stop"
    YES = "yes"
    HELP = "help"


SIX = (Question.WHO, Question.HOW_LONG, Question.FIRED, Question.BOSS, Question.REAL, Question.WHOM)
"""Those that are buttons, in their order."""

_FORMS: dict[Question, tuple[str, ...]] = {
    Question.WHO: (
        "who calls this", "who is calling this", "who is this", "who's this", "who are you", "who is behind this",
        "who's behind this", "who runs this", "who organizes this", "who is organizing this", "who made this",
        "who sent this", "what is this", "what's this", "what is this about", "whose idea is this",
        "quien convoca esto", "quien convoca", "quien es", "quien es este", "quien eres", "quien esta detras",
        "quien esta detras de esto", "quien organiza esto", "que es esto", "de que se trata",
    ),
    Question.HOW_LONG: (
        "how long", "how long is it", "how long does it last", "how long will it last", "how long does this last",
        "when does it end", "when is it over", "when does it start", "when is it", "when do we walk out", "what day",
        "when", "when is the survey over", "cuando termina la encuesta",
        "cuanto dura", "cuanto tiempo", "cuando termina", "cuando empieza", "cuando es", "que dia", "cuando",
    ),
    Question.FIRED: (
        "can i be fired", "can they fire me", "will i be fired", "will i get fired", "could i be fired",
        "could i get fired", "can i get fired", "can i lose my job", "will i lose my job", "can the boss fire me",
        "is this legal", "is it legal", "is it safe", "is this safe", "am i safe", "am i protected",
        "what if i get fired",
        "what happens to me", "me pueden despedir", "pueden despedirme", "me van a despedir", "puedo perder mi trabajo",
        "es legal", "es seguro", "estoy protegido", "estoy protegida", "que me puede pasar",
    ),
    Question.BOSS: (
        "does my boss see", "does my boss see this", "does the boss see this", "can my boss see this",
        "can the boss see this", "will my boss see this", "will my boss know", "does my boss know",
        "is it true that the boss sees this",
        "is it true that my boss sees this", "who sees this", "who can see this", "who sees my name", "is it secret",
        "is this private", "is this anonymous", "is it anonymous", "is this confidential", "do you know my name",
        "who sees my vote", "who can see my vote", "is my vote secret", "is the vote secret", "do you know how i vote",
        "quien ve mi voto", "es secreto mi voto", "mi voto es secreto", "el voto es secreto",
        "lo ve mi jefe", "lo ve el jefe", "mi jefe ve esto", "el jefe ve esto", "puede verlo mi jefe",
        "mi jefe puede ver esto", "es verdad que el jefe ve esto", "es cierto que el jefe ve esto", "quien ve esto",
        "quien puede ver esto", "es anonimo", "es secreto", "es confidencial", "sabes mi nombre",
    ),
    Question.REAL: (
        "is this real", "is this bot real", "is it real", "are you real", "are you a bot", "is this a bot",
        "is this a scam", "is it a scam", "is this fake", "is it fake", "is this true", "is it true", "is this a trap",
        "can i trust this", "can i trust you", "how do i know this is real", "es real", "es verdad", "es cierto",
        "es este bot real", "este bot es real", "eres un bot", "eres real", "es una estafa", "es falso",
        "es una trampa", "puedo confiar en esto",
    ),
    Question.WHOM: (
        "whom do i ask", "who do i ask", "whom can i ask", "who can i ask", "who can help me", "who do i call",
        "i have a question", "can i ask a question", "can i talk to somebody", "can i talk to someone",
        "i lost my card", "i have lost my card", "i need a card", "how do i get a card", "where do i get a card",
        "a quien pregunto", "a quien le pregunto", "a quien puedo preguntar", "tengo una pregunta",
        "puedo hablar con alguien", "perdi mi tarjeta", "necesito una tarjeta", "como consigo una tarjeta",
    ),
    Question.STOP: (
        "stop", "stop it", "unsubscribe", "cancel", "cancel my pledge", "withdraw", "take it back",
        "take my pledge back", "i changed my mind", "remove me", "delete me", "leave me alone", "end", "quit", "no",
        "para", "parar", "alto", "basta", "cancelar", "retirar", "quiero retirarme", "cambie de opinion", "borrame",
        "baja", "dejame en paz",
        "стоп", "нет", "отмена", "хватит", "передумал", "передумала", "停止", "取消", "不", "不要", "退出", "না",
        "বন্ধ", "থামুন", "বাতিল", "non", "kanpe", "sispann", "anile", "중지", "취소", "아니요", "그만", "توقف", "لا",
        "الغاء", "رکیں", "نہیں", "منسوخ", "arreter", "annuler", "arretez", "nie", "anuluj", "przestan",
    ),
    Question.YES: (
        "yes", "y", "yeah", "yep", "ok", "okay", "i agree", "i'm in", "im in", "count me in", "i pledge", "pledge",
        "i will join", "i want to join", "join", "sign me up", "si", "vale", "de acuerdo", "acepto", "cuenten conmigo",
        "me apunto", "quiero participar", "me comprometo",
        "да", "согласен", "согласна", "是", "是的", "好", "好的", "同意", "হ্যাঁ", "ঠিক আছে", "রাজি", "wi", "dako",
        "네", "예", "동의합니다", "نعم", "موافق", "موافقة", "ہاں", "جی ہاں", "ٹھیک ہے", "oui", "d'accord", "tak",
        "zgoda",
    ),
    Question.HELP: (
        "help", "help me", "i need help", "hi", "hello", "hey", "hola", "what do i do", "what now",
        "how does this work", "how do i pledge", "what can you do", "questions", "ayuda", "ayudame", "necesito ayuda",
        "buenas", "buenos dias", "que hago", "que hago ahora", "como funciona", "como funciona esto", "preguntas",
        "помощь", "помогите", "привет", "здравствуите", "帮助", "幫助", "帮忙", "幫忙", "你好", "您好", "সাহায্য",
        "আসসালামু আলাইকুম", "নমস্কার", "ed", "bonjou", "도움", "도와주세요", "안녕하세요", "مساعدة", "ساعدوني", "مرحبا",
        "السلام عليكم", "مدد", "سلام", "السلام علیکم", "aide", "bonjour", "salut", "aidez moi", "pomoc",
        "czesc", "dzien dobry",
    ),
}  # fmt: skip

_ASKED = {form: question for question, forms in _FORMS.items() for form in forms}


def asked(text: str) -> Question | None:
    """Return what somebody asks; None if it is nothing we know."""
    return _ASKED.get(typed_text.plain_words(text)) if len(text) <= LONGEST else None
