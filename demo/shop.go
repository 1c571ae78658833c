package demo

import (
	"fmt"
	"strings"
)

// Labelled is a set of texts and of queries of which is known what they should find: to measure searching with.
type Labelled struct {
	Texts   []Text
	Queries []LabelledQuery
}

// LabelledQuery is a query and how well texts answer it.
type LabelledQuery struct {
	Kind   string         // "code", "brand", "words", "meaning", "mixed"
	Text   string         // what is asked
	Grades map[string]int // by the text's id: 1 related, 2 good, 3 just that; texts that are not in it: 0
}

// QueryKinds are the kinds of a shop's queries, in the order of tables.
var QueryKinds = []string{"code", "brand", "words", "meaning", "mixed"}

// ware is a kind of thing that the labelled shop sells: what its labels call it, and what people call it who know
// another word or none.
type ware struct {
	name   string
	others []string
}

var wares = []ware{
	{"dress", []string{"evening gown", "something elegant for a lady to wear"}},
	{"trousers", []string{"pants", "what one wears on the legs"}},
	{"sneakers", []string{"running shoes", "footwear for jogging"}},
	{"sofa", []string{"couch", "seat for three in the living room"}},
	{"lamp", []string{"light for reading", "bulb for the desk"}},
	{"kettle", []string{"something to boil water in", "device for making tea"}},
	{"backpack", []string{"rucksack", "bag for a hike"}},
	{"raincoat", []string{"waterproof jacket", "coat for wet weather"}},
	{"bicycle", []string{"bike", "vehicle with pedals"}},
	{"headphones", []string{"earphones", "listen to music alone"}},
	{"laptop", []string{"notebook computer", "portable pc"}},
	{"blanket", []string{"warm cover for the bed", "throw to sleep under"}},
	{"frying pan", []string{"skillet", "cookware for eggs"}},
	{"tent", []string{"shelter for camping", "sleep outdoors in the mountains"}},
	{"sunglasses", []string{"shades", "protect the eyes from bright light"}},
	{"wallet", []string{"purse", "to keep money and cards in"}},
	{"guitar", []string{"instrument with six strings", "to play folk music on"}},
	{"jigsaw puzzle", []string{"game of a thousand pieces", "pastime for rainy days"}},
	{"candle", []string{"wax with a wick", "soft light for a romantic evening"}},
	{"clock", []string{"timepiece for the wall", "tells the hour"}},
	{"rug", []string{"carpet", "floor covering"}},
	{"curtains", []string{"drapes", "fabric before the window"}},
	{"gloves", []string{"mittens", "keep the hands warm"}},
	{"swimsuit", []string{"bikini", "to wear at the beach"}},
}

var (
	colours   = []string{"red", "blue", "green", "black", "white", "yellow"}
	materials = []string{"linen", "leather", "wool", "steel", "bamboo"}
	brands    = []string{"Velmora", "Tarnik", "Oskeby", "Quillon"} // invented
)

// waresEach is how many articles there are of each kind.
const waresEach = 8

// Shop is a labelled set: 192 invented articles, and 168 queries of five kinds. It is the same every time.
//
// A grade is how much of the query an article has: its kind is one point, its colour or brand another, its material
// another, so that 3 is just that. A code names one article.
func Shop() Labelled {
	var shop Labelled
	var stock []stocked
	for i, w := range wares {
		for j := range waresEach {
			stock = append(stock, newStocked(i, j, w))
		}
	}
	for _, a := range stock {
		shop.Texts = append(shop.Texts, a.text())
	}
	for i, w := range wares {
		a := stock[i*waresEach+i%waresEach]
		b := stock[i*waresEach+(i+3)%waresEach]
		shop.ask(stock, "code", a.sku, wish{sku: a.sku})
		shop.ask(stock, "brand", a.brand+" "+w.name, wish{ware: w.name, brand: a.brand})
		shop.ask(stock, "words", fmt.Sprintf("%s %s %s", b.colour, b.material, w.name), wish{ware: w.name, colour: b.colour, material: b.material})
		for _, other := range w.others {
			shop.ask(stock, "meaning", other, wish{ware: w.name})
		}
		shop.ask(stock, "mixed", w.others[0]+" in "+a.colour, wish{ware: w.name, colour: a.colour})
		shop.ask(stock, "mixed", fmt.Sprintf("%s of %s by %s", w.others[0], b.material, b.brand), wish{ware: w.name, material: b.material, brand: b.brand})
	}
	return shop
}

// stocked is one of the labelled shop's articles.
type stocked struct{ sku, ware, colour, material, brand string }

func newStocked(i, j int, w ware) stocked {
	return stocked{
		sku:      fmt.Sprintf("%s-%04d", strings.ToUpper(w.name[:2]), 1000+137*i+11*j),
		ware:     w.name,
		colour:   colours[(i+j)%len(colours)],
		material: materials[(2*i+j)%len(materials)],
		brand:    brands[(i+j/2)%len(brands)],
	}
}

func (a stocked) text() Text {
	return Text{
		ID:       "article-" + strings.ToLower(a.sku),
		Text:     fmt.Sprintf("%s %s, made of %s", a.colour, a.ware, a.material),
		Metadata: map[string]any{"sku": a.sku, "brand": a.brand},
	}
}

// wish is what a query asks for; what is empty does not matter.
type wish struct{ sku, ware, colour, material, brand string }

func (l *Labelled) ask(stock []stocked, kind, text string, w wish) {
	grades := map[string]int{}
	for _, a := range stock {
		if grade := w.grade(a); grade > 0 {
			grades[a.text().ID] = grade
		}
	}
	l.Queries = append(l.Queries, LabelledQuery{kind, text, grades})
}

// grade is 0 for another kind of thing.
func (w wish) grade(a stocked) int {
	if w.sku != "" {
		if a.sku == w.sku {
			return 3
		}
		return 0
	}
	if a.ware != w.ware {
		return 0
	}
	wanted, met := 1, 1
	for _, part := range [][2]string{{w.colour, a.colour}, {w.material, a.material}, {w.brand, a.brand}} {
		if part[0] != "" {
			wanted++
			if part[0] == part[1] {
				met++
			}
		}
	}
	return met * 3 / wanted
}
