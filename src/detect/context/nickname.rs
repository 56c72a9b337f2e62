//! Which names stand for one another in the United States: short and pet forms of English and Spanish names.
//!
//! Written for this project from common knowledge; no list was copied. A group holds names that one person may go by; a
//! name may stand in several groups.

use std::sync::OnceLock;

use crate::detect::{HashMap64, hash};

/// Calls `f` with the hash of every name that somebody with the name of that hash may go by; with the name itself not.
pub(super) fn each(name: u64, mut f: impl FnMut(u64)) {
    let table = table();
    for group in table.of.get(&name).map_or(&[][..], Vec::as_slice) {
        let members = table.groups.get(usize::from(*group)).map_or(&[][..], Vec::as_slice);
        members.iter().filter(|other| **other != name).for_each(|other| f(*other));
    }
}

struct Table {
    /// Groups by the hash of each of their names.
    of: HashMap64<Vec<u16>>,
    /// The names of each group, as hashes.
    groups: Vec<Vec<u64>>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table { of: HashMap64::default(), groups: Vec::new() };
        for (number, line) in (0..).zip(GROUPS.lines()) {
            let names: Vec<u64> = line.split_whitespace().map(|name| hash(name.as_bytes())).collect();
            for name in &names {
                table.of.entry(*name).or_default().push(number);
            }
            table.groups.push(names);
        }
        table
    })
}

/// A group a line, folded.
const GROUPS: &str = "\
aaron ron ronnie
abigail abby abbie abbey gail
abraham abe bram
ada addie adie
adelaide addie della heidi
adeline addie adele lina
agatha aggie
agnes aggie nessie
alan allan allen al
albert al bert bertie albie
alberto beto tito
alejandra ale alex sandra jandra
alejandro alex ale alejo jandro
alexander alex al alec alek sandy xander zander lex sasha
alexandra alex alexa sandra sandy lexi lexie sasha xandra ali
alexis alex lexi lexie
alfonso poncho fonso al
alfred al fred freddie alf alfie
alfredo fredo freddy al
alice allie ally alicia
alicia ali licha
alison allison allie ally ali
alonzo lon lonnie
alphonse al alf
alvin al vin
amanda mandy manda mandie
amelia amy millie mia emmy
anastasia stacy stacey ana tasha nastya
andrea andie andi drea dre
andres andy
andrew andy drew andre dru
angela angie angel ang
angelica angie angel jelly
angelina angie lina angel
anita nita ann
ann anne annie anna nan nancy nannie
anna annie ana anya hanna
annabelle anna belle annie
annette annie nettie anne
anthony tony ant toni
antoinette toni nettie tony annie
antonia toni tonia tona
antonio tony tono toni
april apryl
archibald archie arch baldie
arlene lena arlie
arnold arnie arn
arthur art artie arturo
arturo art turo
ashley ash lee
audrey audie dee
augustus gus augie august
augustine gus augie agustin
barbara barb barbie babs bobbie
barnabas barney
barnard barney bernie
bartholomew bart barry
basil baz
beatrice bea bee trixie trix bebe beattie
beatriz bea bety betty bibi
belinda linda bel lindy
benedict ben benny
benjamin ben benny benji bennie benjy
bernadette bernie detta
bernard bernie barney bern
bernice bernie bunny
bertha bertie berta
bertram bert bertie
beverly bev
blanche blanca
bonifacio boni
bonita bonnie
bradford brad
bradley brad
brandon bran
brenda bren
brendan bren
brian bryan
bridget biddy bridie bridgie
brittany britt brit
bruce brucie
burton burt
caleb cal
calvin cal vin
camilla millie cam cammie
cameron cam
candace candy candi
carl carlos karl
carla carly
carlos carl carlitos charlie
carmen carm mela
carol carrie caro carole
caroline carol carrie caro lina callie carolyn
carolina caro carol lina
cassandra cass cassie sandra sandy
catherine cathy cath kate katie kathy cate kit kitty cat trina katy katherine kathryn katharine catharine cathryn
cecilia cece cecily ceci celia cissy sissy
cesar
charlene charlie char
charles charlie chuck chas chaz chip charley chick carl
charlotte charlie lottie char lotte lotta
chester chet
christian chris kit
christina chris chrissy tina christy kristina christie
christine chris chrissy tina christy kristine christie
christopher chris kit topher kris christoph
clara clare claire
clarence clair clary
clarissa clara rissa
claudia claudie
claude claudius
clayton clay
clement clem clemmie
clementine clem clemmie tina
clifford cliff
clifton cliff
clinton clint
clyde
colleen coll
concepcion concha conchita connie
constance connie
consuelo chelo connie
cordelia delia cordy dell
cornelia neely corrie nell nellie
cornelius neil con connie corny neal cornell
courtney court
crystal chris crys
curtis curt kurt
cynthia cindy cyndi cyn cindi
cyrus cy
dale
daniel dan danny dannie
daniela dani
danielle dani elle danny
daphne daph
darius dare
darlene darla
darrell darryl daryl
david dave davey davy davie
dawn
dean dino
deborah deb debbie debby debi debra
debra deb debbie debby
delores dolores dee lola
delia dee
demetrius demetri dimitri
denise dee denny
dennis denny den
derek derrick
desmond des dez desi
diana di diane dee
diane di diana dee
dolores lola dolly lolita dee
dominic dom nick nicky
dominique dom nikki
donald don donny donnie
donna donnie
dora dorrie
doris dori
dorothea dot dottie dora thea dolly
dorothy dot dottie dolly dodie dory
douglas doug dougie
duncan dunc
dwight
earl earle
ebenezer eb eben
edgar ed eddie ned
edith edie ede
edmund ed eddie ned ted
eduardo eddie lalo edu
edward ed eddie ted teddy ned ward
edwin ed eddie win
edwina eddie winnie
efrain efra
eileen ellie ilene
elaine ellie lainie
eleanor ellie nell nellie nora lenore ella elinor
elena nena lena ellie
eli
elias eli
elijah eli lige
elisabeth liz lizzie beth betsy betty lisa liza ellie libby lilibet
elise lise ellie
elizabeth liz lizzie beth betsy betty bess bessie eliza lisa liza libby ellie elsie lizbeth buffy
ella ellie
ellen ellie nell nellie elena
elmer
elsa elsie
elvira elvie
elwood woody
emanuel manny manuel
emily em emmy emmie millie
emma em emmy
enrique quique kike henry rick ricky
eric rick ricky erik
erica ricki rikki
ernest ernie ern
ernestina tina erna
ernesto ernie neto
esmeralda esme
esperanza espe
estella stella essie estelle
esther essie hettie ester
ethan
eugene gene
eugenia genie gena
eunice
eustace stacy
eva eve evie
evan
evangeline eva evie angie lina
evelyn evie eve lyn
everett ev rhett
ezekiel zeke
ezra ez
faith fay faye
felicia fel lisha
felicity flick liss
felipe phil pipe
felix
ferdinand ferdie fred
fernando nando fern
fidel
fitzgerald fitz
florence flo florrie flossie
forrest
frances fran fannie frannie francie frankie
francesca fran frankie chesca
francine fran francie
francis frank frankie fran
francisca paca paquita fran kika
francisco paco pancho frank cisco kiko
franklin frank frankie
frederica freddie freda rica
frederick fred freddie freddy fritz rick
gabriel gabe gabi
gabriela gabi gaby gabby
gabriella gabi gabby ella
gabrielle gabi gabby elle
gail gayle
garrett gary
genevieve gen ginny viv jenny eve
geoffrey geoff jeff
george georgie geo
georgia georgie
georgina georgie gina
gerald jerry gerry
geraldine gerry jerry dina
gerardo gera jerry
gertrude trudy gert gertie
gilbert gil bert
gilberto beto gil
giovanni gio vanni
gladys glad
gloria glo
gordon gord gordy
grace gracie
graciela chela grace
gregory greg gregg
gretchen gretta
griffin griff
griffith griff
griselda zelda selda
guadalupe lupe lupita
guillermo memo guille billy william bill
gustavo gus tavo
gwendolyn gwen wendy lyn
hannah hanna
harold hal harry
harriet hattie harry
harrison harry
harvey harv
hazel
heather
hector
helen nell nellie lena ellie
helena lena nell
henrietta etta hettie hattie etty
henry hank harry hal hen
herbert herb bert herbie
herman
hermione
hester hettie essie
hilary hil
hiram hy
horace
howard howie ward
hubert hugh bert hubie
hugh hughie
hugo
humphrey humph
ian
ignacio nacho
ignatius iggy nate
inez ines
ira
irene rene
irma
irving irv
irwin win
isaac ike zac
isabel izzy bel belle chabela isa
isabella izzy bella bel belle isa
isabelle izzy belle bel
isaiah zay ike
isidore izzy
ismael ish
israel izzy
ivan
jacinta cinta
jack jackie john
jackson jack
jacob jake jakob coby jay
jacqueline jackie jacqui
jaime jamie
james jim jimmy jamie jem jimmie jay
jane janie jan jenny
janet jan jannie
janice jan
jasmine jazz jas
jason jay jase
javier javi
jean jeannie
jeanette jean jeannie nettie
jeannette jean jeannie nettie
jedidiah jed
jeffrey jeff geoff
jemima jem mima
jennifer jen jenny jenn jennie
jeremiah jerry jem
jeremy jerry jem jez
jerome jerry
jesse jess
jessica jess jessie
jessie jess
jesus chuy chucho
jill gillian
jillian jill jilly
joan joanie
joanna jo joanne joann anna
joanne jo joann joanna
joaquin quino
jocelyn joss lyn
jodi jo jody
joel
john jack johnny jon johnnie
jonathan jon john nathan johnny jonny
jordan jordy
jorge george
jose pepe chepe joe joseito
josefa pepa pepita fina
josefina fina josie pepa chepina
joseph joe joey jo jos
josephine jo josie joey fina
joshua josh
joyce joy
juan john juanito johnny
juana juanita jane
juanita nita juana
judith judy jude
judah jude
judy judith
julia julie jules
julian jules
juliana julie jules liana
julie jules
juliet julie jules
julio jules
julius jules
june junie
justin jus
justina tina
kaitlyn kait kate katie
karen kari
katarina kat kate trina
katherine kate kathy katie kat kay kit kitty kathie katy kath kathryn catherine
kathleen kathy kate katie kath kay
kathryn kate kathy katie kat kay
kayla kay
keith
kelly kel
kendall ken
kendra ken
kenneth ken kenny
kevin kev
kimberly kim kimmy
kirsten kirsty
kristen kris kristy
kristin kris kristy
kristina kris kristy tina
lambert bert
lancelot lance
larissa lara rissa
laura laurie lori
laurel laurie
lauren laurie
laurence larry laurie
lavinia vinnie
lawrence larry lawrie lars
leah lea
leander lee andy
lee leigh
leila
lena
leo leon
leon lee leo
leonard len lenny leo lennie
leonardo leo nardo
leonor nora leo
leopold leo poldie
leroy roy lee
leslie les lee
lester les
leticia lety letty tish
leticia leti
lewis lew lou
lilian lil lily lilly
lillian lil lily lilly
lillie lil lily
linda lindy lin
lindsay lin
lionel leo
lisa liza
lloyd
lois
lorena lore
lorenzo enzo larry
loretta lori etta retta
lorraine lori rainy
louis lou louie
louisa lou
louise lou lulu
lourdes lulu
lucas luke
lucia lucy lucie
lucille lucy lou lu lucie
lucinda lucy cindy
lucy lu
luis lou lucho
luisa lou
luke lucas
luther
luz lucy
lydia liddy
lyle
lynette lyn nettie
lynn lyn
mabel mae
mackenzie mac kenzie
madeline maddie maddy mads lina
madison maddie maddy
magdalena magda lena maggie nena
malachi mal
malcolm mal
mandy amanda
manuel manny manolo manu lito
manuela manola nela
marcella marcy marcie
marcia marcy
marco marc
marcos mark marc
marcus marc mark
margaret maggie meg peggy marge margie greta madge daisy rita peg margo meggie maisie
margarita rita marga margo maggie
margery marge margie
marguerite maggie margo rita daisy
maria mary mia mari maru
mariana mari ana
marian marion mary
marianne mary ann anne
maribel mari
maricela mari
marie mary
marilyn mari lyn
marina mari
marion
marissa rissa
marjorie marge margie marj
mark marc marcus
marlene marly lena
marsha marcy
marshall marsh
martha marty mattie patsy
martin marty mart
martina tina marty
marvin marv
mary molly polly mamie mae may marie maria mimi
mason
mathilda tilly mattie matty
matilda tilly mattie matty maud
matthew matt matty mat
mateo teo matt
maude maud
maura mo
maureen mo reenie
maurice moe maury morrie
mauricio mau
maxine max
maximilian max
maximiliano max
maxwell max
megan meg
melanie mel
melinda mel mindy linda
melissa mel missy lissa
melvin mel
mercedes merche mercy sadie
meredith merry
merle
michael mike mick mickey mikey micky mitch
michaela kayla mickey
michelle shelly chelle mich shell
miguel mike migue
mildred millie milly
miles milo
millicent millie milly
milton milt
minerva minnie
miranda randy mandy
miriam mimi miri mitzi
mitchell mitch
mohammed mo
mohamed mo
mohammad mo
moises moe
monica mona
montgomery monty
morgan
morris moe morrie
mortimer mort
moses moe mose
muhammad mo
muriel
myra
myron
nadine nadia
nancy nan nance ann
naomi nomi
natalia nat talia natasha
natalie nat nattie
natasha tasha nat
nathan nate nat
nathaniel nate nat nathan
nelson nel
nicholas nick nicky nico klaus nicolas
nichole nicki nikki
nicolas nico nick
nicole nicki nikki nic
nigel
nina
noah
noel
nora
norbert bert norb
noreen nora
norma normie
norman norm
octavia tavy
octavio tavo
olga
olive ollie livvy
oliver ollie
olivia liv livvy ollie livia
omar
ophelia
orlando lando
orville orv
oscar ozzie
osvaldo valdo
oswald ozzie oz
otto
pablo
paige
pamela pam pammy
patience pat
patricia pat patty tricia trish patsy pati tish
patricio pat pato
patrick pat paddy rick patty
paul pauly
paula polly paulie
paulina paulie lina
pauline polly paulie
pearl
pedro perico pete peter
penelope penny pen nell
percival percy
perry
peter pete petey
petra
philip phil pip
phillip phil pip
philippa pippa phil
phineas finn
phoebe
phyllis phyl
pilar pili
polly
preston pres
priscilla pris cilla
prudence prue
quentin quin
quincy quin
rachael rach rae
rachel rach rae shelly
rafael rafa ralph
ralph rafe
ramon moncho ray
ramona mona
randall randy
randolph randy dolph
raquel kelly
raul
raymond ray
raymundo mundo ray
rebecca becca becky beck reba bex
refugio cuca cuco
regina gina reggie
reginald reg reggie rex
rene
reuben rube ben
rex
rhoda
rhonda ronnie
ricardo rick ricky richie cardo
richard rick rich dick richie ricky dickie
rigoberto rigo beto
rita
robert bob rob bobby robbie bert robin robby bobbie
roberta bobbie robbie bert berta
roberto beto bob rob tito
robin rob
rocio chio
roderick rod roddy rick
rodney rod
rodolfo rudy fito
rodrigo rod rigo
rogelio roger
roger rodge
roland rollie
rolando rolo
roman
ronald ron ronnie ronny
rosa rosie rosita
rosalie rose rosie rosa
rosalind roz rosie linda rose ros
rosalyn roz rose lyn
rosamund roz rose
rosario chayo charo
rosaura rosa
rose rosie
rosemarie rose rosie romy
rosemary rose rosie romy
ross
roxanne roxy rox
roxana roxy
roy
ruben ben
rudolph rudy rolf dolph
rufus
rupert
russell russ rusty
ruth ruthie
ryan
sabrina bree
sally sal
salvador chava sal
salvatore sal
samantha sam sammy
samson sam
samuel sam sammy
sandra sandy
santiago santi chago diego
sara sally
sarah sally sadie sal
saul
savannah
scott scotty
sean shawn
sebastian seb bas bastian
selina lina
serena rena
sergio checo
seth
seymour
shannon
sharon shari
sheila
sheldon shel shelly
shelby
sherman
shirley shirl
sibyl
sidney sid
silas si
silvester sly
silvia
simon si
simone
socorro coco
solomon sol
sonia
sofia sofi
sophia sophie
sophronia
spencer spence
stacy stacey
stanley stan
stella
stephan steve
stephanie steph stevie stef
stephen steve stevie steph
steven steve stevie
stuart stu stew
stewart stu stew
summer
susan sue susie suzie suzy
susana susi sue
susanna sue susie anna
susannah sue susie hannah
suzanne sue suzie suzy
sybil
sylvester sly
sylvia syl
tabitha tabby
tamara tammy tam
tanya
tasha
taylor tay
temperance tempe tempie
terence terry
teresa terry tess tessa tere teri
terrance terry
terrence terry
thaddeus tad thad teddy ted
thelma
theodora dora thea teddy
theodore ted teddy theo
theresa terry tess tessa teri tracy
therese terry tess
thomas tom tommy thom
tiffany tiff
timothy tim timmy
tobias toby
tomas tom tommy
tracy trace
travis trav
trevor trev
trinidad trini
tristan tris
tyler ty
tyrone ty
ulysses
ursula
valentin val
valentina val tina
valeria val
valerie val
vanessa nessa van
vera
vernon vern
veronica ronnie roni vero nica
vicente chente vince
victor vic
victoria vicky vicki tori vick vic toria
vincent vin vince vinnie vinny
vincenzo vince enzo
viola vi
violet vi
virgil virge
virginia ginny ginger gin gina
vivian viv
vladimir vlad
wade
wallace wally
walter walt wally
wanda
warren
wayne
wendell
wendy
wesley wes
wilbur will
wilfred will fred
wilhelmina mina billie minnie willa wilma
willard will
william will bill billy willy liam willie wills
willis will
wilma willa
wilson will
winifred winnie freddie fred win
winston win
woodrow woody
xavier xavi zave
ximena mena
yolanda yoli
yvette evie
yvonne vonnie eve
zachariah zach zack
zachary zach zack zac
zedekiah zed
zoe";

#[cfg(test)]
mod tests {
    use super::*;

    fn stands_for(name: &str, other: &str) -> bool {
        let mut found = false;
        each(hash(name.as_bytes()), |hash_of| found |= hash_of == hash(other.as_bytes()));
        found
    }

    #[test]
    fn names_stand_for_one_another() {
        for (name, other) in [
            ("margaret", "peggy"),
            ("peggy", "margaret"),
            ("william", "liam"),
            ("guadalupe", "lupita"),
            ("francisco", "paco"),
            ("winifred", "winnie"),
            ("cornelius", "neil"),
        ] {
            assert!(stands_for(name, other), "{name} {other}");
        }
        for (name, other) in
            [("margaret", "bill"), ("margaret", "margaret"), ("xyzzy", "peggy"), ("", "will"), ("seth", "will")]
        {
            assert!(!stands_for(name, other), "{name} {other}");
        }
    }

    #[test]
    fn groups_are_folded() {
        assert!(GROUPS.lines().count() > 300);
        assert!(GROUPS.bytes().all(|b| b.is_ascii_lowercase() || b == b' ' || b == b'\n'));
    }
}
