#!/usr/bin/env python3
"""Makes the lists that stand-ins are drawn from, dictionaries/surrogates/*.tsv.

    python3 dictionaries/surrogates.py GAZETTEERS [OUT]

GAZETTEERS is a folder of NAME.tsv files (UTF-8, tab, one header line, no quoting) as listed in SOURCES.md; OUT is
dictionaries/surrogates unless told otherwise. Output is sorted, so that running it twice changes nothing.

A word is a first name or a surname, whichever it is of more people by the Census; it stands in one list only.
"drawn" says that it may stand in for another, "known" that it only tells what another is. Cultures: general (US,
English, West European), hispanic (also Portuguese), arabic (also Pakistani, North African), indian, slavic, african,
chinese, japanese, korean, vietnamese. Sex: f or m from 85 of 100 bearers on, else u.
"""
import collections
import pathlib
import re
import sys
import unicodedata

IN = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] != "-v" else pathlib.Path(__file__).parent / "surrogates"

SPECIAL = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}

# The letters that stand-ins begin with (LETTERS in src/transform/surrogate/name.rs): every culture has names of each,
# or nearly. A name drawn begins with one of them.
LETTERS = "abcdghmnst"


def rows(name):
    with open(IN / f"{name}.tsv", encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            yield line.rstrip("\r\n").split("\t")


def fold(text):
    text = "".join(SPECIAL.get(c, c) for c in text.lower())
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def write(name, header, lines):
    lines = sorted(set("\t".join(str(f) for f in line) for line in lines))
    path = OUT / f"{name}.tsv"
    path.write_text(header + "\n" + "\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(f"{name:12} {len(lines):6} rows {path.stat().st_size:8} bytes")


WORD = re.compile(r"[a-z]{2,14}$")

# ---- counts ------------------------------------------------------------------------------------------------------
first, sex = collections.Counter(), {}
for name, count, male, female in rows("firstnames_us_census2020"):
    first[fold(name)] = int(count)
    sex[fold(name)] = "m" if float(male) >= 85 else "f" if float(female) >= 85 else "u"
last = collections.Counter()
for name, c20, c10, c00 in rows("surnames_us_census"):
    last[fold(name)] = max(int(c20), int(c10), int(c00))
# Words that are commoner as words than as names do not stand in for names.
common = {r[0] for r in rows("english_case_freq") if float(r[1]) > 1 and float(r[1]) > float(r[2])}

# ---- cultures by the lists of countries ---------------------------------------------------------------------------
held = {"first": collections.defaultdict(set), "last": collections.defaultdict(set)}
for name, kind, locale in rows("names_world_faker"):
    word = fold(name)
    if WORD.match(word):
        held[kind][word].add(locale)

LOCALES = {
    "hispanic": {"es", "es_AR", "es_CL", "es_CO", "es_ES", "es_MX", "pt_BR", "pt_PT"},
    "arabic": {"en_PK", "fr_DZ"},
    "indian": {"en_IN"},
    "slavic": {"pl_PL", "sk_SK", "cs_CZ", "hr_HR", "sl_SI"},
    "african": {"yo_NG", "ig_NG", "ha_NG", "tw_GH", "zu_ZA", "sw", "en_KE", "en_NG"},
}
WESTERN = {"first": {"en_GB", "en_NZ", "fr_FR", "de_DE", "it_IT", "ga_IE"}, "last": {"en_GB", "en_IE", "de_DE", "fr_FR", "fr_BE", "nl_NL"}}
NEEDED = {"hispanic": {"first": 3, "last": 1}}


def culture_of(kind, word):
    """The culture whose lists hold the word, none if those of Western countries do or two others share it."""
    locales = held[kind].get(word, set())
    western = locales & WESTERN[kind]
    found = []
    for culture, of in LOCALES.items():
        hits = len(locales & of)
        if hits >= NEEDED.get(culture, {}).get(kind, 1):
            found.append((hits, culture))
    found.sort(reverse=True)
    if not found:
        return None
    hits, culture = found[0]
    if western and not (culture == "hispanic" and hits >= 4 and not locales & {"en_GB", "en_NZ", "en_IE"}):
        return None
    return culture if len(found) == 1 or hits > found[1][0] else None


# ---- typed by hand: what the lists lack -----------------------------------------------------------------------------
HAND = """
hispanic f berta belen brisa betsabe berenice hilda haydee herlinda hermelinda nidia norma nereida nelida nieves norberta sofia susana selena serafina teofila trinidad tomasa delia dulce dora gabriela gisela genoveva griselda
hispanic m baltazar bartolo braulio dario dagoberto desiderio nicanor noe napoleon saul sebastian silvestre tito teodoro tadeo tobias hilario honorio horacio
slavic f celina cecylia cvetka galya genowefa gordana hana henryka helenka bogumila natasha nina nevena
slavic m hubert havel hynek cezary cyril genadi grigori goran nedeljko nikita norbert timofei teofil
arabic f chaima chahinez dana dima ghalia ghina hind hiba houda nawal najwa nour basima buthaina tamara tala thuraya
arabic m daniyal darwish chakib cherif ghanim hadi harith hatim tawfiq talal taher
chinese u an
vietnamese u ai au bang bach chien chuong duyen dinh dai giao man nguyet nhat si sau
vietnamese f bao bich thi
japanese l asada ban bessho chinen chikamatsu doi domoto dohi gushiken goda goya gima
korean f areum aeran arin
korean m anjun
indian m chandan chaitanya
indian f charu champa
hispanic f alejandra ana beatriz blanca carmen catalina concepcion consuelo dolores daniela graciela guadalupe gloria herminia hortensia maria margarita mercedes marisol natalia noemi nayeli soledad silvia socorro teresa tatiana
hispanic m alejandro alvaro arturo benito bernardo carlos cesar cristobal diego domingo gerardo gonzalo guillermo hector hernan hugo humberto heriberto manuel miguel mateo mauricio nicolas nestor norberto salvador santiago sergio tomas timoteo jose juan jesus luis jorge pedro pablo francisco javier fernando eduardo roberto ricardo rafael raul ruben ramon oscar enrique ernesto ignacio julio victor
arabic f aisha amina amal asma basma bushra badia chadia dalal dina dunya ghada ghadir hanan huda hala hanaa maryam malak maha muna nadia noor nura nabila salma samira suad sahar tahira taghrid fatima khadija zainab layla rania yasmin zahra
arabic m abdullah ahmad ahmed ali amir bilal bashir basil bassam chadi chafik daoud dawud ghassan ghazi hassan hussein hamza hisham mohammed muhammad mohamed mahmoud mustafa nasser nabil nizar saeed said samir sami tariq tarek taha omar khalid ibrahim ismail youssef yusuf karim rashid walid faisal jamal
indian f aarti anjali asha bharti bhavna bina chandra chitra deepa deepika divya gauri geeta gayatri harini hema hetal madhuri meena manisha megha nandini neha nisha shanti shilpa sneha sunita swati tanvi tara trisha priya pooja lakshmi kavita rekha radha usha lata
indian m amit anil arun ashok bharat bhaskar chetan chirag deepak dinesh dilip ganesh girish gopal harish hemant hitesh mahesh manoj mukesh naresh nikhil nitin sanjay sunil suresh sandeep tarun tushar tejas rajesh ramesh rakesh vijay vikram vinod krishna kiran ravi pradeep
slavic f agnieszka anastasia bozena barbora beata bronislava czeslawa dagmar danuta dorota galina grazyna halina hanna malgorzata milena magdalena marzena nadezhda nikolina snezana svetlana stanislava tatjana tamara teodora olga irina ludmila oksana yelena ekaterina katarzyna ewa zofia jadwiga
slavic m aleksander andrzej aleksei bogdan boris branislav casimir czeslaw damir dariusz dmitri dragan gennady goran grzegorz henryk hrvoje milan miroslav marek mikhail nikola nikolai nenad stanislav slobodan sergei tadeusz tomasz tomislav vladimir igor oleg ivan yuri pavel piotr zbigniew wojciech krzysztof jerzy
african f abena adaeze akosua amara bolanle bukola chiamaka chioma damilola dayo gugu hadiza halima makena mbali modupe ngozi nkechi nomsa sade simisola sibongile temitope thandiwe titilayo folake ifeoma wanjiru yetunde
african m abiodun adebayo akin ayodele babatunde bongani chidi chinedu chukwuemeka dumisani danjuma garba gbenga haruna hakeem musa mandla mwangi nnamdi nkosana sipho sello segun tunde thabo temba kwame kofi emeka olumide obinna
chinese f ai baozhen caixia chunhua cuiping dandan dongmei guihua guifang hongmei huifang huilan meihua meiling meilin min na nannan ning nuan shufen shuzhen suyin tingting tiantian xiaomei yanling lihua yuhua
chinese m aiguo aimin bin bolin changming chaoyang dawei deming dong gang guangming guoqiang haibo haitao hongwei mingde minghua mu nianzu ning shaohua shaoming shiming taiping tianyu tengfei wei jianguo xiaoming zhiqiang junjie
chinese u chao hua hui jie jing jun lei li ling ming ping qing rong rui tao ting xin yan yang yi ying yong yun zhen
japanese f akiko aiko ayumi ayako benio chie chieko chiyoko chihiro hanako haruka hiroko hitomi mariko masako michiko midori miyuki naoko natsuko nobuko sachiko sayuri setsuko sumiko tomoko takako toshiko yoko yuki yumiko keiko kazuko kumiko emiko fumiko reiko junko gin ginko
japanese m akira akihiro atsushi bunji bunta chikara chihaya daichi daiki daisuke genji goro gota haruki hideo hiroshi hideki makoto masahiro masao minoru mitsuo naoki noboru nobuo satoshi shigeru shinji susumu takashi takeshi tetsuo tadashi toshio kenji kazuo ichiro yoshio yukio ryota jiro
korean f ara ahyoung boram boyoung chaewon chunhee daeun dahye gayoung goeun hyejin hyunjung hana haeun minji mikyung minjung nari nayoung soyoung sujin sunhee taehee eunji jiyoung jieun kyunghee younghee yuna
korean m beomsoo byungho byungchul changho chulsoo changmin daehyun donghyun dongwook gunwoo giho hyunwoo hojin hyunsoo minho minjun myungsoo namjoon namgil seungho sungho sangwoo taehyung taewoo taejin jihoon jinwoo joonho kyungsoo youngho youngsoo
vietnamese f anh bich binh cam chau chi cuc diem diep dao giang hang hanh hong huong hien mai my mien nga ngoc nhung nhu suong sen tam thanh thao thuy trang trinh lan lien linh loan phuong xuan yen
vietnamese m anh bao binh cong cuong chinh dat duc dung duy gia giap hai hieu hoang hung huy minh manh nam nghia nhan nhat sang son sinh tai tan thang thinh tien tuan tung khanh khoa long quang quoc phuc vinh
hispanic l aguilar aguirre alvarado avila ayala bautista benitez bernal cabrera camacho cardenas castaneda delgado dominguez duran galvan gallegos guerrero gutierrez herrera hidalgo hernandez huerta macias maldonado marquez mejia mendoza molina montes navarro nieves nunez noriega salazar salinas sandoval serrano solis sotelo tapia tejada toledo trevino trujillo garcia rodriguez gonzalez lopez martinez perez ramirez rivera torres ramos cruz flores gomez reyes morales ortiz ruiz silva santos souza oliveira pereira costa ferreira almeida carvalho
arabic l abadi abboud ahmad ali amin aziz bakri barakat bishara bazzi chahine chami chaar darwish dabbagh daher dakhil ghanem ghazal ghosn habib haddad hamdan hamid hassan hussein hussain mansour masri malik mustafa naser najjar nassar nasr nimri saad salem saleh shaheen said tahir tawil taleb tamimi khalil khoury khan mahmoud youssef rahman sheikh iqbal farooq qureshi siddiqui chaudhry mirza
indian l acharya agarwal ahuja arora banerjee bhatt bhatia bose chakraborty chatterjee chopra chowdhury das desai deshmukh dutta ganguly ghosh gill goyal gupta hegde hebbar mathur mehta menon mishra mukherjee murthy naidu nair nanda narayanan saxena shah sharma shetty singh subramanian srinivasan talwar tandon thakur tiwari trivedi patel reddy rao kumar iyer iyengar joshi kapoor khanna malhotra pillai patil verma yadav jain kaur krishnan raman
slavic l adamczyk antonov babic baranowski bogdanov borkowski chmielewski czarnecki cermak danilov dabrowski dvorak gajewski goncharov grabowski gorski havel hlavac horvat hruska majewski markovic makarov mazur mihajlovic nemec nikolic nowicki novak nikitin sokolov sadowski savic stankovic szymanski sikora tarasov tkachenko tomic tomaszewski ivanov petrov smirnov kuznetsov popov volkov kowalski wisniewski wojcik lewandowski zielinski wozniak jovanovic petrovic kovacevic shevchenko kovalenko
african l abiola adeyemi afolabi agbaje ansah asante ayodele balogun bamgbose bello boateng chege chukwu chikwendu dlamini danso darko diallo diop gbadamosi gitau gyasi hadebe hassani mahlangu mbeki mensah moyo mutua mwangi ndlovu ngugi nkosi nwosu njoroge nyong sesay sithole sackey shabangu tembo tshabalala tutu owusu okafor okonkwo eze obi osei opoku kamau kimani wanjiku odhiambo otieno toure traore keita zulu khumalo
chinese l an ao bai bao cai cao chang chen cheng cui dai deng ding dong gao geng gu guo han hao he hou hu huang ma mao mei meng miao ni nie ning niu shao shen shi song su sun tan tang tao tian tong wang li zhang liu zhao yang zhou wu xu zhu ye lin liang luo zheng xie xiao yuan yu peng pan jiang jin lu fu fan fang qian qin xiong yan yin zeng zhong wong chan chow leung cheung kwok ng lam lau tsai hsu hsieh chiu hsiao
japanese l abe aoki arai asano baba bando chiba chino doi date goto gondo hamada hara hasegawa hashimoto hayashi higuchi hirano honda maeda maruyama matsuda matsumoto miura miyamoto mori morita murakami nagai nakagawa nakajima nakamura nishida nishimura noguchi nomura saito sakai sakamoto sasaki sato shimizu sugimoto sugiyama suzuki takahashi takeda tamura tanaka taniguchi toda tsuchiya yamada yamamoto yamaguchi watanabe ito kobayashi kato yoshida inoue kimura ogawa ishikawa fujita fujii okada ikeda ishii endo ueda kondo uchida kaneko wada yokoyama ono
korean l ahn an bae baek bang bong byun cha chae cho choi chon chung do gang goo gwak ha ham han heo hong hwang ma maeng min moon myung na nah nam noh seo shin sohn song suh tak tae kim park jung jeong kang kwon kwak yoon yoo oh lim jang jeon ryu paik pak rhee yi
vietnamese l an au banh bui cao chu chau dang dao diep dinh doan dong duong giang giap ha ho hoang huynh hua ma mac mai nghiem ngo nguyen ninh nong sam son su ta thach thai to ton tran trinh truong tu le pham phan phung vo vu luong luu ly lam quach vuong ong khuu
"""
# Cultures whose given names, written in Latin letters, tell little of the sex.
UNSEXED = {"chinese", "korean", "vietnamese"}

# Given names of two syllables: the first of each letter, the second of each sex.
SYLLABLES = """
chinese f ai bao bi cai chun cui dan dong gui guang hai hong hui hua mei min ming ning nuan shu su shan tian ting xiao yu li / fang hua juan lan lian ling mei na ping qin qing rong xia yan ying yue yun zhen
chinese m ai an bo bin chang cheng chao da dong guang guo gang hai hao hong ming mu mao nan shao shi song tao tian teng jian zhi xiao / bo cheng feng gang guo hui jian jie jun lei liang long ming peng qiang wei wen xin yang yong yu
korean f ae bo chae cho da do ga go ha hae hee hye mi min myung na nam seo so su sun tae ji eun kyung / eun hee hyun jin kyung mi min ran rin yeon yoon young won
korean m an beom byung chan chang chul dae do dong geon gi gun ha ho hyun min moon myung nam sang seung sung tae ji jae joon / ho hoon hwan hyuk hyun il jin joon ki kyu min seok sik soo sung won woo yong
"""
hand = {"first": {}, "last": {}}
for line in SYLLABLES.strip().splitlines():
    culture, what, *syllables = line.split()
    cut = syllables.index("/")
    for at, start in enumerate(syllables[:cut]):
        seconds = [s for s in syllables[cut + 1:] if s != start]
        for word in [start + seconds[(at * 5 + step * 3) % len(seconds)] for step in range(5)]:
            if not first[word] and not last[word] or first[word] > 20:
                hand["first"].setdefault(word, []).append((culture, what))
for line in HAND.strip().splitlines():
    culture, what, *words = line.split()
    for word in words:
        if what == "l":
            hand["last"].setdefault(word, []).append(culture)
        else:
            hand["first"].setdefault(word, []).append((culture, what))

# English and West European names that other lists hold too.
GENERAL_FIRST = set("adam aaron alan albert alex alexander alice amanda amy andrea angela anna anthony barbara benjamin "
                    "christian christina daniel david deborah diana dennis elena elizabeth emma eric eva helen isabel "
                    "jasmine jennifer jessica joel john jonathan joseph joshua julia julian karen katherine kevin laura "
                    "linda lisa lucas martin martha max melissa michael michelle monica nancy nathan nicole oliver "
                    "patricia patrick peter philip rachel rebecca richard robert ryan samuel sandra sara sarah sharon "
                    "simon sonia stephanie steven susan tanya thomas tina vanessa victoria vincent virginia vivian "
                    "walter william esther ruth joy mercy grace faith hope".split())

# ---- the lists ------------------------------------------------------------------------------------------------------
firsts, lasts = {}, {}
# Each name of a culture: how many of it may be drawn for a letter (and sex).
DRAWN = {"first": 24, "last": 36}
GENERAL_DRAWN = {"first": 40, "last": 90}

words = set(held["first"]) | set(held["last"]) | set(hand["first"]) | set(hand["last"])
words |= {w for w, c in first.items() if c >= 6000} | {w for w, c in last.items() if c >= 7000}
japanese_first, japanese_last = set(), set()
for name, kind, count in rows("names_japanese_romaji"):
    word = fold(name)
    for word in {word, re.sub(r"uu", "u", re.sub(r"o[uo]", "o", word))}:
        if WORD.match(word) and len(word) >= 4 and (kind == "last" and int(count) >= 40000):
            japanese_last.add(word)
        elif WORD.match(word) and len(word) >= 5 and kind == "first" and int(count) >= 40:
            japanese_first.add(word)
words |= japanese_first | japanese_last

for word in sorted(words):
    if not WORD.match(word):
        continue
    in_first = word in hand["first"] or first[word] > 0 or word in held["first"] or word in japanese_first
    in_last = word in hand["last"] or last[word] > 0 or word in held["last"] or word in japanese_last
    hand_first, hand_last = word in hand["first"], word in hand["last"]
    if hand_first != hand_last and max(first[word], last[word]) < 200000:
        kind = "first" if hand_first else "last"
    elif first[word] != last[word]:
        kind = "first" if first[word] > last[word] else "last"
    else:
        kind = "first" if in_first else "last"
    # Rare words of the world's lists are left out; what is unknown is taken by its shape.
    if kind == "first":
        if hand_first:
            cultures = hand["first"][word]
            of = {c for c, _ in cultures}
            culture = of.pop() if len(of) == 1 else "vietnamese" if of <= UNSEXED else "general"
            kinds = {s for _, s in cultures}
            of = kinds.pop() if len(kinds) == 1 else "u"
            if first[word] >= 2000 and of in "fm" and sex.get(word) not in (of, None):
                of = sex[word]
            firsts[word] = (of, culture, first[word] + 10**6)
            continue
        culture = culture_of("first", word)
        if word in GENERAL_FIRST:
            culture = None
        if culture is None and word in japanese_first and first[word] < 5000:
            culture = "japanese"
        if culture is None and first[word] < 6000:
            continue
        if culture is not None and culture != "japanese" and first[word] < 250:
            continue
        if culture == "japanese" and first[word] < 100:
            continue
        firsts[word] = (sex.get(word, "u"), culture or "general", first[word])
    else:
        if hand_last:
            cultures = hand["last"][word]
            # Which of two the word belongs to is not known from the word: the first that is written.
            lasts[word] = (cultures[0], last[word] + 10**7)
            continue
        culture = culture_of("last", word)
        if culture is None and word in japanese_last and last[word] < 3000:
            culture = "japanese"
        if culture is None and last[word] < 7000:
            continue
        if culture not in (None, "japanese") and last[word] < 600:
            continue
        if culture == "japanese" and last[word] < 100:
            continue
        lasts[word] = (culture or "general", last[word])


def draw(kind, words):
    """Which may be drawn: the commonest of each letter and kind."""
    taken, out = collections.Counter(), set()
    for word, key, count in sorted(words, key=lambda w: (-w[2], w[0])):
        general = key[0] == "general"
        limit = (GENERAL_DRAWN if general else DRAWN)[kind]
        cell = (key, word[0])
        by_hand = count >= 10**6
        if word[0] not in LETTERS or taken[cell] >= limit or len(word) < (2 if by_hand else 4) or len(word) > 11:
            continue
        if word in common and not (by_hand and len(word) <= 4):
            continue
        if general and kind == "last" and (first[word] > last[word] / 4):
            continue
        taken[cell] += 1
        out.add(word)
    return out, taken


drawn_first, taken_first = draw("first", [(w, (c, s), n) for w, (s, c, n) in firsts.items() if s in "fm" or c in UNSEXED])
drawn_last, taken_last = draw("last", [(w, (c,), n) for w, (c, n) in lasts.items()])
SHORT = {c: c[0] for c in ["general", "hispanic", "arabic", "indian", "slavic", "chinese", "japanese", "korean",
                           "vietnamese"]} | {"african": "f"}
write("first_names", "name\tsex\tculture\tuse",
      [(w, s, SHORT[c], "d" if w in drawn_first else "k") for w, (s, c, _) in firsts.items()])
write("surnames", "name\tculture\tuse", [(w, SHORT[c], "d" if w in drawn_last else "k") for w, (c, _) in lasts.items()])
if "-v" in sys.argv:
    for culture in SHORT:
        for s in "fmu":
            print(culture, s, " ".join(f"{l}{taken_first[((culture, s), l)]}" for l in LETTERS))
        print(culture, "l", " ".join(f"{l}{taken_last[((culture,), l)]}" for l in LETTERS))

# ---- cities, area codes ---------------------------------------------------------------------------------------------
states = {row[1]: row[0] for row in rows("states_us")}
by_state = collections.defaultdict(list)
for name, state, population in rows("cities_us_population"):
    if re.search(r"Community|Neighborhood|Historic|District", name):
        continue
    if state in states and re.match(r"[A-Z][A-Za-z.' -]{2,24}$", name) and "(" not in name:
        by_state[state].append((int(population), name))
cities = []
for state, of in by_state.items():
    of.sort(reverse=True)
    for at, (population, name) in enumerate(of):
        if population >= 20000 or at < 20:
            size = 3 if population >= 250000 else 2 if population >= 60000 else 1 if population >= 20000 else 0
            cities.append((name, state, size))
write("cities", "city\tstate\tsize", cities)
write("states", "state\tcode", [(name, code) for code, name in states.items()])
names = set(states.values()) | {"Washington D.C."}
write("area_codes", "code", [(npa,) for npa, region in rows("nanp_area_codes") if region in names])
