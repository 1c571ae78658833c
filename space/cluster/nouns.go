package cluster

import "strings"

// Nouns are words for what pictures show. Groups of pictures without texts get their names of these, by the text tower.
// Changing the list makes the vectors that are kept of it anew.
func Nouns() []string { return strings.Split(nouns, ",") }

// Prompt is a noun as text towers like it best.
func Prompt(noun string) string { return "a photo of a " + noun }

const nouns = "" +
	"person,man,woman,child,baby,crowd,face,hand,family,couple,portrait,dog,cat,horse,cow,sheep,pig,goat,bird," +
	"chicken,duck,owl,eagle,parrot,penguin,fish,shark,whale,dolphin,turtle,frog,snake,lizard,insect,butterfly," +
	"bee,spider,elephant,lion,tiger,bear,wolf,fox,deer,rabbit,mouse,monkey,zebra,giraffe,tree,forest,leaf," +
	"flower,rose,sunflower,grass,lawn,meadow,field,garden,mountain,hill,valley,cliff,rock,stone,gravel,sand," +
	"desert,beach,sea,wave,lake,river,waterfall,ice,snow,glacier,sky,cloud,rainbow,sunset,storm,lightning,fire," +
	"smoke,moon,star,galaxy,planet,house,building,skyscraper,church,castle,tower,bridge,street,road,alley," +
	"square,fence,wall,brick,door,window,stairs,roof,room,kitchen,bedroom,bathroom,office,classroom,library," +
	"museum,shop,market,restaurant,stadium,garage,factory,farm,harbour,lighthouse,ruin,tent,car,bus,truck," +
	"train,tram,bicycle,motorcycle,boat,ship,ferry,airplane,helicopter,rocket,spacecraft,tractor,wheel,engine," +
	"chair,table,sofa,bed,lamp,shelf,cupboard,carpet,curtain,mirror,clock,vase,bottle,glass,cup,plate,bowl," +
	"spoon,knife,pot,pan,oven,basket,box,bag,suitcase,umbrella,book,newspaper,letter,map,sign,poster,painting," +
	"drawing,sculpture,statue,photograph,screen,computer,keyboard,phone,camera,tripod,television,radio,guitar," +
	"piano,violin,drum,shirt,dress,skirt,trousers,jacket,coat,suit,uniform,hat,helmet,shoe,boot,glove,scarf," +
	"glasses,watch,ring,necklace,jewellery,bread,cake,cheese,egg,meat,sausage,soup,salad,pasta,pizza,rice," +
	"vegetable,fruit,apple,banana,orange,strawberry,tomato,coffee,tea,wine,beer,chocolate,ice cream,sandwich," +
	"ball,football,basketball,tennis,swimming,skiing,surfing,running,dancing,concert,wedding,party,birthday," +
	"parade,demonstration,meeting,surgery,experiment,microscope,telescope,astronaut,soldier,police,doctor,cook," +
	"farmer,fisherman,musician,athlete,toy,doll,puzzle,balloon,candle,coin,money,tool,hammer,screwdriver,saw," +
	"rope,chain,pipe,cable,circuit,machine,robot,text,handwriting,document,diagram,chart,formula,receipt,logo," +
	"pattern,texture,fabric,wood,metal,paper,leather,plastic,water,light,shadow,silhouette,eye,skeleton,cell"
