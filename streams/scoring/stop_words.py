"""Words that no key phrase holds: function words, common verbs and the courtesies of support mail."""

from typing import Final

_FUNCTION_WORDS: Final = """
a about above across after again against ago all almost along already also although always am among an and another any
anybody anyone anything anyway are around as at away back be became because become been before behind being below
between both but by came can cannot could did do does doing done down due during each either else enough even ever
every everybody everyone everything except far few first for from further get gets getting give given go goes going
gone got gotten had half has have having he her here hers herself him himself his how however i if in indeed instead
into is it its itself just keep keeps kept last later least less let like likely made make makes making many may maybe
me mean might mine more most much must my myself near neither never next no nobody none nor not nothing now nowhere of
off often ok okay on once one only onto or other others otherwise our ours ourselves out over own per perhaps put quite
rather really s same say says see seem seems seen several shall she should since so some somebody someone something
sometimes soon still such t take taken than that the their them themselves then there these they thing things this
those though through thru thus till to today together tomorrow tonight too toward towards two three four five six
seven eight nine ten under unless until unto up upon us use used uses using very via was way ways we well went were
what whatever when whenever where whether which while who whom whose why will with within without would yes yesterday
yet you your yours yourself yourselves ain't
dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt shouldnt hasnt havent hadnt im ive id youre theyre
thats whats
"""
_VERBS: Final = """
accept add added agree allow allowed allows answer answered appear appears apply arrive arrived ask asked asking
become began begin believe bought bring brought buy buying call called calling came care cause caused causing change
changed check checked choose click clicked come comes coming complete completed concerned confirm confirmed consider
contacted continue continued correct create created decided deserve does drop dropped end ended enter entered expect
expected explain explained fail failed failing fails feel felt file filed find finding fix fixed follow followed
following found gave guess hang happen happened happening happens hate hear heard hold holding hope hoping inform
informed keep keeping know knew known lead learn leave leaving left let letting locate located look looked looking
looks lose losing lost love made manage mention mentioned move moved multiple need needed needs notice noticed obtain
offer offered open opened order ordered paid pay paying planning please prefer prevent provide provided provides
providing purchased pull pulled reach reached read ready realize realized receive received receiving refuse refused
refuses regard regarding remain remember remove removed reply reported request requested require required resolve
resolved respond responded return returned run running said saw saying seeing send sending sends sent set show showed
showing shown shows sign signed sit sitting solve sound speak spoke spoken stand start started starting starts state
stated states stay stop stopped submit submitted suppose supposed talk talked talking tell telling tells think
thinking thought told took track tried tries try trying turn turned understand updated wait waited waiting want wanted
wanting wants watch wish wonder wondering work worked working works write writing written wrote
"""
_COURTESIES: Final = """
appreciate appreciated dear etc greetings hello hey hi kind kindly lot lots morning afternoon evening regards sincerely
sorry thank thanks thx pls plz best cheers wishes yours sir madam team able bit different fine full good great new nice
old sure right long short bad better best whole time times day days week weeks month months year years hour hours
minute minutes monday tuesday wednesday thursday friday saturday sunday anymore
"""

STOP_WORDS: Final = frozenset((_FUNCTION_WORDS + _VERBS + _COURTESIES).split())
