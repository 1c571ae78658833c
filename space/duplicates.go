package space

// Level says how much two pictures have in common. A picture and its copy are duplicates; two photographs of one scene,
// as of a burst, are similar, and never duplicates, however alike they look.
type Level string

// The levels.
const (
	Duplicate Level = "duplicate" // one picture: re-encoded, resized, turned, cropped, written on ...
	Similar   Level = "similar"   // two pictures of one scene or layout
)

// Evidence is the kind of proof that two images have a level in common.
type Evidence string

// The kinds of evidence, strongest first. Vector evidence proves similar pictures only; a perceptual hash proves
// duplicates where the pixels do not speak against it, else similar pictures.
const (
	SameBytes  Evidence = "same bytes"      // equal SHA-256 of the files
	SamePixels Evidence = "same pixels"     // equal upright RGB pixels in other files
	Perceptual Evidence = "perceptual hash" // 256-bit hash within a Hamming distance, maybe mirrored or rotated
	Crop       Evidence = "crop"            // laid over each other the pixels agree: cropped, framed, turned a little
	Semantic   Evidence = "vector"          // cosine at or above the model's threshold
)

// DuplicateQuery asks for the groups of copies in a collection. Zero values take the defaults of the collection.
type DuplicateQuery struct {
	Similar     bool    // the groups of similar pictures, too, after those of duplicates
	MaxDistance int     // perceptual: greatest Hamming distance of 256
	MinCosine   float64 // semantic: least cosine; above 1 turns semantic evidence off
	Within      []string
	Keep        KeepPolicy
	Decided     bool // groups, too, of which nothing is left to decide, since all their copies are to be kept

	// Progress is told how far the search for groups is: the stage, and how many of how many; total 0: not known. It is
	// called from one goroutine and must be quick. Nil: nobody is.
	Progress func(stage string, done, total int)
}

// Pair is the proof that two pictures have a level in common.
type Pair struct {
	Level     Level    `json:"level"`
	Evidence  Evidence `json:"evidence"`
	Distance  int      `json:"distance"`            // Hamming distance where hashes decided; of a crop, that of the common part
	Cosine    float64  `json:"cosine"`              // of the two vectors
	Transform string   `json:"transform,omitempty"` // "mirrored", "rotated 90°", ... where hashes or pixels decided
	Common    float64  `json:"common,omitempty"`    // of a crop: share of the smaller picture that both show, 0 to 1
	Edits     []Edit   `json:"edits,omitempty"`     // what was done to the one to make the other, as far as it can be told
}

// Edit is something that was done to a picture.
type Edit string

// The edits that are told, each only where the thumbnails show it.
const (
	Cropped    Edit = "cropped"  // a part was cut off
	Framed     Edit = "framed"   // a border, a caption bar or a screen lies around it
	Tilted     Edit = "tilted"   // turned by a few degrees
	Greyed     Edit = "grey"     // its colours were taken
	Brightened Edit = "brighter" // ... than the group's medoid
	Darkened   Edit = "darker"
	Flattened  Edit = "less contrast"
	Contrasted Edit = "more contrast"
	Overlaid   Edit = "overlaid" // a watermark or a text lies on it
	Blurred    Edit = "blurred"
)

// Difference is a fact in which a copy differs from its group's original.
type Difference struct {
	Field    string `json:"field"`    // "size", "bytes", "format", "jpeg quality", "taken", "camera"
	Original string `json:"original"` // empty: it has none
	Copy     string `json:"copy"`
}

// Member is one copy, its proof and what sets it apart from the original.
//
// The proof is against the group's medoid, which mostly is the original; that of the medoid itself, where it is a
// copy, is against the original.
type Member struct {
	Item        Item         `json:"item"`
	Proof       Pair         `json:"proof"`
	Differences []Difference `json:"differences,omitempty"`
	Kept        bool         `json:"kept,omitempty"`   // it stays beside the original, by a decision of the user
	Reason      string       `json:"reason,omitempty"` // why the original is kept rather than this one: "4032×3024 over 1024×768"
}

// Group is an original (the one to keep, by the query's KeepPolicy and the user's decisions) and its copies.
type Group struct {
	Level    Level    `json:"level"`
	Medoid   string   `json:"medoid"` // id of the picture that every other one was verified against
	Original Item     `json:"original"`
	Copies   []Member `json:"copies"`
}

// DuplicatePreview tells what thresholds would do, before anything is done.
type DuplicatePreview struct {
	Images    int         // how many were compared
	Distances []Threshold // duplicates, by the greatest Hamming distance
	Cosines   []Threshold // similar pictures, by the least cosine
}

// Threshold is what one value of a threshold gives.
type Threshold struct {
	Value    float64  `json:"value"`    // Hamming distance, or cosine
	Pairs    int      `json:"pairs"`    // that are proven at this value; of items with many neighbours, the nearest
	Groups   int      `json:"groups"`   // that they make
	Images   int      `json:"images"`   // in those groups
	Rejected int      `json:"rejected"` // pairs near enough whose pixels speak against it
	Samples  []Sample `json:"samples"`  // some of the pairs that the next stricter value would not have
}

// Sample is a pair of a preview.
type Sample struct {
	A     string `json:"a"` // ids
	B     string `json:"b"`
	Proof Pair   `json:"proof"`
}

// CopyCheck says whether a picture that is no item is a copy of items, and of which.
type CopyCheck struct {
	Level   Level    // that of the best match; empty: there is none
	Matches []Member // duplicates first, then similar pictures; each proof is against the picture that was asked about
	// Unchecked are the items near enough to be copies whose pixels were not compared, since enough others were.
	Unchecked int
}
