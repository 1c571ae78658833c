package space

// KeepPolicy says which of several copies is kept. The first rule that tells two pictures apart decides; the zero value
// takes the defaults of package keep.
type KeepPolicy struct {
	Order   []KeepRule `json:"order,omitempty" yaml:"order"`
	Folders []string   `json:"folders,omitempty" yaml:"folders"` // for KeepFolder: absolute paths, the preferred ones first
	Formats []string   `json:"formats,omitempty" yaml:"formats"` // for KeepFormat: "png", "jpeg" ..., the preferred ones first
}

// KeepRule compares two copies.
type KeepRule string

// The rules.
const (
	KeepFolder     KeepRule = "folder"     // below a folder of KeepPolicy.Folders
	KeepResolution KeepRule = "resolution" // more pixels
	KeepEXIF       KeepRule = "exif"       // more of: date taken, camera, position. Edits and messengers lose them
	KeepFormat     KeepRule = "format"     // earlier in KeepPolicy.Formats
	KeepQuality    KeepRule = "quality"    // lossless, else the greater JPEG quality
	KeepSize       KeepRule = "size"       // the larger file
	KeepOldest     KeepRule = "oldest"     // taken, else modified, else taken in at an earlier time
	KeepName       KeepRule = "name"       // the shorter path: "a.jpg" rather than "a (1).jpg"; then the one that sorts first
)
