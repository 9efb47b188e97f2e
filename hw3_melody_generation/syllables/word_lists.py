"""Lists of words that the rules need."""

_FREQUENT_GERMAN = """
    der das und ich nicht du ist ein eine einen dem den mein meine dein deine sein mich dich sich uns wir ihr
    auf mit für von zu zum zur wenn wie wo kein keine auch noch nur schon bist bin sind wird werden haben habe
    aus bei nach aber oder doch hier mir dir nun wohl alle alles immer nie sei euch vom im am herr gott
"""
_FREQUENT_ENGLISH = """
    the and of to you i my me it is that we she they be are your with this but not have for on do don't i'm
    it's when what where how all like there one can will just out up if from know love a no oh
"""
_WEAK_GERMAN = """
    der die das den dem des ein und aber denn zu in im an am auf aus bei mit von vom zum zur für um ich du er
    sie es wir ihr mich dich sich uns euch mir dir ihm ihn mein dein sein ist sind bin bist war hat so wie als
    dass daß wenn nicht nur doch da
"""
_SUNG_IN_FULL = """
    family families history natural victory discovery casual unusual violent violet violets rational opposite
    restaurant towards traveling travelling towering
"""
_CONTRACTIONS = """
    ain't aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't shouldn't wasn't weren't
    won't wouldn't i'm i've you're you've you'll they're they've they'll we've that's there's what's where's
    here's let's he's she's it'll who's
"""
_ELIDED = """
    'cause 'cuz 'coz 'til 'till 'tis 'twas 'twere 'twill 'twixt 'em 'round 'bout 'n 'neath 'gainst 'fore 'ere
    'way 's 'ne 'nen 'ner 'nem 'gain 'most 'mid 'midst 'mongst 'pon 'stead 'fraid
"""

# Frequent in one language, and no words of the other
FREQUENT_GERMAN = frozenset(_FREQUENT_GERMAN.split())
FREQUENT_ENGLISH = frozenset(_FREQUENT_ENGLISH.split())
# German words of one syllable that are mostly not stressed
WEAK_GERMAN = frozenset(_WEAK_GERMAN.split())
# English words that songs mostly give all their syllables, though the dictionary knows shorter ways
SUNG_IN_FULL = frozenset(_SUNG_IN_FULL.split())
# As typed in haste, "dont"; those that are words of their own then ("were", "ill") are not here
WITHOUT_APOSTROPHE = {word.replace("'", ""): word for word in _CONTRACTIONS.split()}
# Words that begin with an apostrophe, not with a quotation mark
ELIDED = frozenset(_ELIDED.split())
