package api

import "github.com/clipd/clipd/space"

// ClassifyItemsRequest is the body of POST …/classify: zero-shot classification of a whole collection.
type ClassifyItemsRequest struct {
	Labels   []string      `json:"labels"`             // at least one, all different
	Template string        `json:"template,omitempty"` // with {} for the label; default "a photo of a {}"
	Filter   *space.Filter `json:"filter,omitempty"`   // which items
	Kind     space.Kind    `json:"kind,omitempty"`     // only texts, or only images
	Other    string        `json:"other,omitempty"`    // label of items that fit none; empty: each item gets one of Labels
	Write    string        `json:"write,omitempty"`    // metadata field that the label is written into; empty: nothing is written
	Limit    *int          `json:"limit,omitempty"`    // how many items to list; default 1000; counts are of all
}

// LabelCount says how many items have a label.
type LabelCount struct {
	Label       string  `json:"label"`
	Count       int     `json:"count"`
	Probability float64 `json:"probability"` // mean, of these items
}

// LabelledItem is an item's label.
type LabelledItem struct {
	ID          string     `json:"id"`
	Kind        space.Kind `json:"kind"`
	Label       string     `json:"label"`
	Probability float64    `json:"probability"`
	Cosine      float64    `json:"cosine"` // with the best of the labels
}

// ClassifyItemsResponse is the answer of POST …/classify.
type ClassifyItemsResponse struct {
	Model  string         `json:"model"`
	Labels []LabelCount   `json:"labels"` // in the order of the request, then Other
	Items  []LabelledItem `json:"items"`  // in the order of ids, as many as Limit
	Total  int            `json:"total"`  // items that were classified
	Wrote  int            `json:"wrote"`  // items whose metadata were changed
	TookMS float64        `json:"took_ms"`
}

// ClustersRequest is the body of POST …/clusters; absent values take the defaults.
type ClustersRequest struct {
	Method  string        `json:"method,omitempty"`   // "density" (default): dense places, the rest is noise; "kmeans": each item in one of k
	K       int           `json:"k,omitempty"`        // kmeans: 1 to 200; absent: chosen
	MinSize int           `json:"min_size,omitempty"` // density: least items of a cluster; absent: chosen
	Filter  *space.Filter `json:"filter,omitempty"`   // which items
	Kind    space.Kind    `json:"kind,omitempty"`     // only texts, or only images
	Limit   *int          `json:"limit,omitempty"`    // how many members to list; default 1000
}

// Cluster is a group of items that belong together.
type Cluster struct {
	Number   int      `json:"number"` // 0, 1, … by falling size
	Size     int      `json:"size"`
	Label    string   `json:"label"`           // the best of Words and Looks
	Words    []string `json:"words,omitempty"` // frequent in its texts and file names, rare in those of others
	Looks    []string `json:"looks,omitempty"` // nouns that its mean vector is nearest to
	Cohesion float64  `json:"cohesion"`        // mean cosine of its members with their mean
	Examples []Item   `json:"examples"`        // the members nearest to the mean, up to six
}

// ClusterMember says where an item belongs.
type ClusterMember struct {
	ID       string  `json:"id"`
	Cluster  int     `json:"cluster"` // -1: none
	Strength float64 `json:"strength"`
}

// ClustersResponse is the answer of POST …/clusters.
type ClustersResponse struct {
	Method   string          `json:"method"`
	Clusters []Cluster       `json:"clusters"`
	Members  []ClusterMember `json:"members"` // in the order of ids, as many as Limit
	Total    int             `json:"total"`   // items that were looked at
	Sampled  int             `json:"sampled"` // of these, the ones that the clusters were found in
	Noise    int             `json:"noise"`   // of these, the ones in no cluster
	TookMS   float64         `json:"took_ms"`
}

// MapRequest is the body of POST …/map; absent values take the defaults.
type MapRequest struct {
	Items  int           `json:"items,omitempty"`  // how many at most, 1 to 20,000; default 2,000. Of more, a sample is drawn
	Filter *space.Filter `json:"filter,omitempty"` // which items
	Kind   space.Kind    `json:"kind,omitempty"`   // only texts, or only images
}

// MapPoint is an item on the plane.
type MapPoint struct {
	ID        string     `json:"id"`
	Kind      space.Kind `json:"kind"`
	Title     string     `json:"title"`
	Thumbnail string     `json:"thumbnail_url,omitempty"`
	X         float64    `json:"x"` // -1 to 1
	Y         float64    `json:"y"`
	Cluster   int        `json:"cluster"` // in Clusters; -1: none
}

// MapCluster is a cluster on the plane.
type MapCluster struct {
	Label string   `json:"label"`
	Words []string `json:"words,omitempty"`
	Looks []string `json:"looks,omitempty"`
	Size  int      `json:"size"`
	X     float64  `json:"x"` // where the label may stand
	Y     float64  `json:"y"`
}

// MapResponse is the answer of POST …/map.
type MapResponse struct {
	Points   []MapPoint   `json:"points"`
	Clusters []MapCluster `json:"clusters"`
	Total    int          `json:"total"` // items that passed the filter
	TookMS   float64      `json:"took_ms"`
}
