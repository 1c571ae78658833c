package space

// Evidence is the kind of proof that two images are copies.
type Evidence string

// The kinds of evidence, strongest first.
const (
	SameBytes  Evidence = "same bytes"      // equal SHA-256 of the files
	SamePixels Evidence = "same pixels"     // equal upright RGB pixels in other files
	Perceptual Evidence = "perceptual hash" // 256-bit hash within a Hamming distance, maybe mirrored or rotated
	Crop       Evidence = "crop"            // the pixels of one lie inside the other, maybe mirrored or rotated
	Semantic   Evidence = "vector"          // cosine at or above the model's threshold
)

// DuplicateQuery asks for the groups of copies in a collection. Zero values take the defaults of the collection.
type DuplicateQuery struct {
	MaxDistance int     // perceptual: greatest Hamming distance of 256
	MinCosine   float64 // semantic: least cosine; above 1 turns semantic evidence off
	Within      []string
}

// Pair is the proof that a member is a copy of its group's original.
type Pair struct {
	Evidence  Evidence `json:"evidence"`
	Distance  int      `json:"distance"`            // Hamming distance where hashes decided; of a crop, that of the common part
	Cosine    float64  `json:"cosine"`              // of the two vectors
	Transform string   `json:"transform,omitempty"` // "mirrored", "rotated 90°", ... where hashes or a crop decided
}

// Member is one copy and the proof against the group's original.
type Member struct {
	Item  Item `json:"item"`
	Proof Pair `json:"proof"`
}

// Group is an original (the one to keep: most pixels, then dated by a camera, then largest file, then oldest) and its copies.
type Group struct {
	Original Item     `json:"original"`
	Copies   []Member `json:"copies"`
}
