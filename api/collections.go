package api

import (
	"time"

	"github.com/clipd/clipd/space"
)

// CreateCollection is the body of POST /v1/collections.
type CreateCollection struct {
	Name string `json:"name"` // a-z, 0-9, '.', '_', '-'; at most 64
}

// CollectionList is the answer of GET /v1/collections.
type CollectionList struct {
	Collections []space.Description `json:"collections"`
	Broken      []BrokenCollection  `json:"broken,omitempty"`
}

// BrokenCollection is one that is there and cannot be opened: of another model, for example.
type BrokenCollection struct {
	Name  string      `json:"name"`
	Error ErrorDetail `json:"error"`
}

// AddItems is the JSON body of POST /v1/collections/{collection}/items. The route also takes multipart/form-data:
// any number of parts "file" (images, with file names) and an optional part "items" that holds this JSON, whose i-th
// entry describes the i-th file.
type AddItems struct {
	Items []NewItem `json:"items"`
}

// NewItem is a text, or an image, on its way into a collection.
type NewItem struct {
	ID       string         `json:"id,omitempty"`       // empty: made of source, else of the content
	Text     string         `json:"text,omitempty"`     // the text; of an image, its caption
	Image    string         `json:"image,omitempty"`    // base64 or a data: URL; makes the item an image
	Source   string         `json:"source,omitempty"`   // path or URL that it came from
	Modified time.Time      `json:"modified,omitzero"`  // of the source file
	Metadata space.Metadata `json:"metadata,omitempty"` // strings, numbers, true/false, lists of strings
	Vector   []float32      `json:"vector,omitempty"`   // made already, by the collection's own model
}

// AddResult says what became of one item of a batch, in the order of the batch.
type AddResult struct {
	ID     string       `json:"id,omitempty"`
	Name   string       `json:"name,omitempty"`  // file name or source, as the client gave it
	Status string       `json:"status"`          // "created", "updated", "unchanged" or "failed"
	Error  *ErrorDetail `json:"error,omitempty"` // why it failed
}

// AddResponse is the answer of POST …/items: 200 also when some items failed.
type AddResponse struct {
	Results   []AddResult `json:"results"`
	Created   int         `json:"created"`
	Updated   int         `json:"updated"`
	Unchanged int         `json:"unchanged"`
	Failed    int         `json:"failed"`
}

// KnownRequest is the body of POST …/known: which of these files need no work, since the collection holds them with
// the same size and modification time?
type KnownRequest struct {
	Files []FileState `json:"files"`
}

// FileState identifies one state of a file without its content.
type FileState struct {
	Source   string    `json:"source"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`
}

// KnownResponse holds a verdict per file.
type KnownResponse struct {
	Known []bool `json:"known"`
}

// Item is a stored item as the API shows it.
type Item struct {
	space.Item
	ThumbnailURL string    `json:"thumbnail_url,omitempty"` // relative to the server
	OriginalURL  string    `json:"original_url,omitempty"`  // set while the source file is there, unchanged
	Vector       []float32 `json:"vector,omitempty"`        // only when asked for
}

// ItemList is the answer of GET …/items?after=&limit=.
type ItemList struct {
	Items []Item `json:"items"`
	Next  string `json:"next,omitempty"` // give as after= for the next page
}

// DeleteItems is the body of POST …/items/delete.
type DeleteItems struct {
	IDs []string `json:"ids"`
}

// DeleteResponse says how many items were there and are gone.
type DeleteResponse struct {
	Deleted int `json:"deleted"`
}

// SearchRequest is the body of POST …/search. The route also takes multipart/form-data: a part "image" (a file) and
// a part "query" that holds this JSON. Text, image and like may be joined, and not and unlike taken away: see Strategy.
type SearchRequest struct {
	Text     string             `json:"text,omitempty"`
	Image    string             `json:"image,omitempty"`    // base64 or a data: URL
	Like     IDs                `json:"like,omitempty"`     // ids of items: more like these
	Not      EmbeddingsInput    `json:"not,omitempty"`      // texts and images: less like these
	Unlike   IDs                `json:"unlike,omitempty"`   // ids of items: less like these
	Strategy space.Strategy     `json:"strategy,omitempty"` // how several parts rank; default average
	Weights  *SearchWeights     `json:"weights,omitempty"`
	Kind     space.Kind         `json:"kind,omitempty"` // only texts, or only images
	Mode     space.Mode         `json:"mode,omitempty"`
	Fusion   space.FusionMethod `json:"fusion,omitempty"`
	Boosts   map[string]float64 `json:"boosts,omitempty"` // by field: how many times as much a word counts there
	Alpha    *float64           `json:"alpha,omitempty"`  // convex fusion: weight of the vector; default 0.5
	Filter   *space.Filter      `json:"filter,omitempty"`
	K        *int               `json:"k,omitempty"` // default 10
	Offset   int                `json:"offset,omitempty"`
	MinScore *float64           `json:"min_score,omitempty"` // least cosine

	MinRelevance float64  `json:"min_relevance,omitempty"` // least relevance; 0.5 leaves what is a match
	MMR          *float64 `json:"mmr,omitempty"`           // lambda of maximal marginal relevance: 1 by score alone, 0 as different as can be
	Stable       bool     `json:"stable,omitempty"`        // keep the list on the server: the answer has a Cursor where there is more
	Cursor       string   `json:"cursor,omitempty"`        // of an answer: its next page; beside it only k and explain may be given

	Explain bool `json:"explain,omitempty"`
	Exact   bool `json:"exact,omitempty"`
}

// SearchWeights are the shares of a joined query's parts; absent or 0 counts as 1, of Not and Unlike as 0.5. A negative
// one turns the part's meaning round.
type SearchWeights struct {
	Text   float64 `json:"text,omitempty"`
	Image  float64 `json:"image,omitempty"`
	Like   float64 `json:"like,omitempty"`
	Not    float64 `json:"not,omitempty"`
	Unlike float64 `json:"unlike,omitempty"`
}

// SearchHit is one answer.
type SearchHit struct {
	Rank        int                `json:"rank"` // from 1, offset counted in
	Item        Item               `json:"item"`
	Score       float64            `json:"score"`
	Cosine      *float64           `json:"cosine,omitempty"`
	Relevance   *float64           `json:"relevance,omitempty"` // 0 to 1, comparable between queries, collections and models
	Grade       space.Match        `json:"grade,omitempty"`     // the relevance in a word: "strong", "good", "weak" or "none"
	Match       bool               `json:"match"`               // whether the grade is good or strong
	Explanation *space.Explanation `json:"explanation,omitempty"`
}

// SearchResponse is the answer of POST …/search.
type SearchResponse struct {
	Collection string      `json:"collection"`
	Model      string      `json:"model"`
	Mode       space.Mode  `json:"mode"`
	Hits       []SearchHit `json:"hits"`
	Nearest    []SearchHit `json:"nearest,omitempty"` // where MinRelevance left no hit: the best that it left out, at most three
	Searched   int         `json:"searched"`          // items that passed the filter
	More       bool        `json:"more"`
	Cursor     string      `json:"cursor,omitempty"` // of the next page
	Remade     bool        `json:"remade,omitempty"` // the server no longer had the cursor's list, and made it again
	Took       Took        `json:"took"`
}

// Took are the stage times of a request in milliseconds.
type Took struct {
	EncodeMS float64 `json:"encode_ms"`
	SearchMS float64 `json:"search_ms"`
	TotalMS  float64 `json:"total_ms"`
}

// Status is the answer of GET /v1/status: what doctor prints and the page shows.
type Status struct {
	Version     string              `json:"version"`
	GoVersion   string              `json:"go_version"`
	ONNXRuntime string              `json:"onnxruntime"`
	Library     string              `json:"library"` // path of the ONNX Runtime library
	Model       Model               `json:"model"`
	SIMD        string              `json:"simd"` // kernels in use: "avx512", "avx2", "neon" or "plain"
	Threads     int                 `json:"threads"`
	DataDir     string              `json:"data_dir"`
	Uptime      float64             `json:"uptime_s"`
	RSS         int64               `json:"rss_bytes"`
	Collections []space.Description `json:"collections"`
	Broken      []BrokenCollection  `json:"broken,omitempty"`
}

// Health is the answer of GET /healthz and GET /readyz.
type Health struct {
	Status  string `json:"status"` // "ok", "ready"
	Version string `json:"version"`
}
