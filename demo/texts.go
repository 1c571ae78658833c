package demo

import "strings"

// Text is one text of the gallery's second collection.
type Text struct {
	ID       string
	Text     string
	Metadata map[string]any // strings and numbers
}

// Captions are short texts to be found by words, by sentences and by example images: what is to be seen on each
// photograph, and the invented articles of a shop with their stock-keeping units.
func Captions() []Text {
	var texts []Text
	for _, p := range Photos() {
		texts = append(texts, Text{
			ID:       "caption-" + strings.TrimSuffix(p.Name, ".jpg"),
			Text:     p.Caption,
			Metadata: map[string]any{"type": "caption", "photo": p.Name},
		})
	}
	for _, a := range articles {
		texts = append(texts, Text{
			ID:       "product-" + strings.ToLower(a.sku),
			Text:     a.name,
			Metadata: map[string]any{"type": "product", "sku": a.sku, "department": a.department, "price": a.price},
		})
	}
	return texts
}

// article is a thing that the demo's shop sells.
type article struct {
	sku, name, department string
	price                 float64 // euro
}

var articles = []article{
	{"SKU-1234", "red linen dress, sleeveless, knee length", "clothing", 79},
	{"SKU-1235", "blue linen dress with long sleeves", "clothing", 85},
	{"SKU-1240", "black leather motorcycle jacket", "clothing", 249},
	{"SKU-2001", "espresso cup and saucer of red porcelain", "kitchen", 14.5},
	{"SKU-2002", "glass coffee pot for six cups", "kitchen", 32},
	{"SKU-2107", "stainless steel tea spoons, set of six", "kitchen", 12},
	{"SKU-3010", "full-face motorcycle helmet, matt black", "vehicles", 189},
	{"SKU-3055", "chain oil for motorcycles and bicycles", "vehicles", 9.9},
	{"SKU-4100", "model rocket with launch pad, to be assembled", "toys", 45},
	{"SKU-4111", "soft toy cat with striped fur", "toys", 19},
	{"SKU-5200", "astronomical telescope, 130 mm mirror", "optics", 320},
	{"SKU-5230", "wooden camera tripod, 150 cm", "optics", 110},
	{"SKU-6001", "scratching post for cats", "pets", 39},
	{"SKU-6040", "saddle blanket for horses, wool", "pets", 65},
	{"SKU-7300", "album for coin collectors, 240 pockets", "hobby", 22},
	{"SKU-8010", "lawn seed for shady places, one kilogram", "garden", 13},
}
