"""The most frequent words of each language, of which some are words of several."""

from typing import Final

# What joins the next word by an apostrophe is listed with it.
_WORDS: Final[dict[str, str]] = {
    "en": """
        the and of to i my you your it it's that this not have had has for with are be been were what how why
        when where who which can can't could would should don't didn't doesn't isn't won't wasn't i'm i've i'd
        i'll but if from they their them there these those we our us she his her by at or an is please help
        thanks thank still get got just only after before again about will did does any all some more than then
        because out up no into over since now a as do me he so too very much many most other also while through
        own same am that's there's what's you're we're they're haven't hasn't couldn't wouldn't every never
        always being on in was want need know
    """,
    "de": """
        der die das den dem des und ist nicht ich sie wir mich mir mein meine meinen meiner meinem ihr ihre
        ihren euch ein eine einen einem einer zu zum zur mit auf für von vom bei nach seit aus auch noch nur
        schon aber oder wenn dass wie wo warum wann wird werden wurde habe haben hat hatte kann können konnte
        bin sind war kein keine keinen bitte danke immer wieder sehr mehr über unter gegen durch diese dieser
        dieses es im um als weil bis uns hallo guten am man an so in was
    """,
    "fr": """
        le la les un une des du de et est pas je tu il elle nous vous mon ma mes votre vos notre ce cette ces
        que qui ne pour avec dans sur sans par mais ou où quand comment pourquoi ai été suis sont avez ont peux
        pouvez peut depuis encore toujours très plus moins bien merci bonjour au aux en se y être avoir fait
        rien jamais déjà aussi c' d' j' l' n' qu' s' t' m' a me on
    """,
    "es": """
        el la los las un una unos y es yo mi mis su sus lo le les te se nos que de del al en con por para sin
        sobre pero como cómo cuando cuándo dónde donde qué quién porque ha han hay está están estoy fue ser muy
        más ya todavía aún también nunca siempre desde hasta gracias hola puedo puede pueden tengo tiene ni este
        esta esto ese esa usted ustedes he me no son a
    """,
    "it": """
        il lo la gli le un una uno di del della dei delle degli al alla ai alle dal dalla nel nella e è non io
        mi mio mia miei ci vi si che chi per con su sul sulla ma o se quando dove perché ho hai ha abbiamo avete
        hanno sono sei siamo era stato stata molto più già ancora anche mai sempre da grazie ciao buongiorno
        posso può questo questa quello cosa l' d' c' un' dell' all' nell' sull' come all i in a
    """,
    "pt": """
        o os um uma uns e é não eu meu minha meus minhas seu sua seus que de da dos das nos nas em ao à aos com
        por pelo pela para sem sobre mas como quando onde porque quem foi ser estou está estão são tenho tem têm
        há muito mais já ainda também nunca sempre desde até obrigado obrigada olá bom dia posso pode vocês você
        este esta isso isto lhe se a as do me na no
    """,
    "nl": """
        de het een en niet ik je jij u uw mijn wij jullie zij ze van voor met op aan bij naar uit om tot te maar
        als dat die dit deze wat waar wanneer waarom hoe heb hebt heeft hebben ben bent zijn waren word wordt
        worden kan kunnen kon geen nog al ook wel zeer meer sinds al steeds weer graag bedankt hallo dank mij er
        door had is me of over was we in
    """,
}

#: By ISO 639-1 code.
FUNCTION_WORDS: Final = {code: frozenset(words.split()) for code, words in _WORDS.items()}

#: Those that are English only.
ENGLISH_ONLY: Final = FUNCTION_WORDS["en"].difference(
    *(words for code, words in FUNCTION_WORDS.items() if code != "en")
)
