"""The words that most tell one language from its neighbours: frequent ones, and few that two of them share."""

from typing import Final

# Each language leaves out what is frequent in another of them: English "die", "was" and "in" are German, Dutch too.
_WORDS: Final[dict[str, str]] = {
    "en": """
        the and of to i my you your it it's that this not have had has for with are be been were what how why when
        where who which can can't could would should don't didn't doesn't isn't won't wasn't i'm i've i'd i'll but if
        from they their them there these those we our us she his her by at or an is please help thanks thank still
        get got just only after before again about will did does any all some more than then because out up no
        into over since now
    """,
    "de": """
        der die das den dem des und ist nicht ich sie wir mich mir mein meine meinen meiner meinem ihr ihre ihren euch
        ein eine einen einem einer zu zum zur mit auf für von vom bei nach seit aus auch noch nur schon aber oder wenn
        dass wie wo warum wann wird werden wurde habe haben hat hatte kann können konnte bin sind war kein keine
        keinen bitte danke immer wieder sehr mehr über unter gegen durch diese dieser dieses es im am um als weil bis
        man uns hallo guten
    """,
    "fr": """
        le la les un une des du de et est pas je j tu il elle nous vous mon ma mes votre vos notre ce cette ces c que
        qu qui ne n pour avec dans sur sans par mais ou où quand comment pourquoi ai a été suis sont avez ont peux
        pouvez peut depuis encore toujours très plus moins bien merci bonjour au aux en se s d l y être avoir fait
        rien jamais déjà aussi
    """,
    "es": """
        el la los las un una unos y es no yo mi mis su sus lo le les me te se nos que de del al en con por para sin
        sobre pero como cómo cuando cuándo dónde donde qué quién porque ha he han hay está están estoy son fue ser
        muy más ya todavía aún también nunca siempre desde hasta gracias hola puedo puede pueden tengo tiene ni este
        esta esto ese esa usted ustedes
    """,
    "it": """
        il lo la gli le un una uno di del della dei delle degli al alla ai alle dal dalla nel nella e è non io mi mio
        mia miei ci vi si che chi per con su sul sulla ma o se come quando dove perché ho hai ha abbiamo avete hanno
        sono sei siamo era stato stata molto più già ancora anche mai sempre da grazie ciao buongiorno posso può
        questo questa quello cosa l d c un' dell all nell
    """,
    "pt": """
        o a os as um uma uns e é não eu meu minha meus minhas seu sua seus que de do da dos das no na nos nas em ao à
        aos com por pelo pela para sem sobre mas como quando onde porque quem foi ser estou está estão são tenho tem
        têm há muito mais já ainda também nunca sempre desde até obrigado obrigada olá bom dia posso pode vocês você
        este esta isso isto me lhe se
    """,
    "nl": """
        de het een en is niet ik je jij u uw mijn wij we jullie zij ze van voor met op aan bij naar uit om over door
        tot te maar of als dat die dit deze wat waar wanneer waarom hoe heb hebt heeft hebben had ben bent zijn was
        waren word wordt worden kan kunnen kon geen nog al ook wel zeer meer sinds al steeds weer graag bedankt hallo
        dank mij me er
    """,
}

#: By ISO 639-1 code.
FUNCTION_WORDS: Final = {code: frozenset(words.split()) for code, words in _WORDS.items()}
