package api

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/clipd/clipd/space"
)

// TransferVersion is the version of the lines that exports and imports are made of.
const TransferVersion = 1

// TransferLine is one line of GET …/export and POST …/import (application/x-ndjson). Exactly one field is set. An
// export has its header first, then items in the order of their ids, then decisions, then the end.
type TransferLine struct {
	Header   *TransferHeader `json:"header,omitempty"`
	Item     *TransferItem   `json:"item,omitempty"`
	Decision *Decision       `json:"decision,omitempty"`
	End      *TransferEnd    `json:"end,omitempty"`
	Error    *ErrorDetail    `json:"error,omitempty"` // the export failed after it had begun
}

// TransferHeader says what the lines after it hold.
type TransferHeader struct {
	Version     int                `json:"version"`
	Collection  string             `json:"collection,omitempty"`
	Fingerprint *space.Fingerprint `json:"fingerprint,omitempty"` // of the model that made the vectors
	Items       int                `json:"items,omitempty"`       // about how many follow
}

// TransferItem is all that is kept of one item.
type TransferItem struct {
	space.Item
	Vector    Components `json:"vector,omitempty"`
	Thumbnail []byte     `json:"thumbnail,omitempty"` // JPEG
	File      *FileTimes `json:"file,omitempty"`      // state of the source file when it was read
}

// FileTimes is the state of an item's source file.
type FileTimes struct {
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified,omitzero"`
}

// Decision is what the user decided for good, "these two are no copies" for example.
type Decision struct {
	Key     string    `json:"key"` // what it is about, made of contents
	Verdict string    `json:"verdict"`
	Made    time.Time `json:"made"`
}

// TransferEnd is the last line of an export: without it the export was cut off.
type TransferEnd struct {
	Items     int `json:"items"`
	Decisions int `json:"decisions"`
}

// ImportResponse is the answer of POST …/import: 200 also when some items failed.
type ImportResponse struct {
	Created   int             `json:"created"`
	Updated   int             `json:"updated"`
	Unchanged int             `json:"unchanged"`
	Decisions int             `json:"decisions"`
	Failed    int             `json:"failed"`
	Failures  []ImportFailure `json:"failures,omitempty"` // the first MaxImportFailures
}

// MaxImportFailures bounds the list of an ImportResponse.
const MaxImportFailures = 10_000

// ImportFailure is a line that was not taken in.
type ImportFailure struct {
	Line  int         `json:"line"` // of the request, from 1
	ID    string      `json:"id,omitempty"`
	Error ErrorDetail `json:"error"`
}

// Components are a vector on the wire: little-endian float32 in base64, a quarter of the size of numbers in JSON. An array
// of numbers is read, too.
type Components []float32

// MarshalJSON writes base64.
func (c Components) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 4*len(c))
	for _, x := range c {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	out := make([]byte, 0, base64.StdEncoding.EncodedLen(len(raw))+2)
	out = append(out, '"')
	out = base64.StdEncoding.AppendEncode(out, raw)
	return append(out, '"'), nil
}

// UnmarshalJSON reads base64 or an array of numbers.
func (c *Components) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return json.Unmarshal(data, (*[]float32)(c))
	}
	raw, err := base64.StdEncoding.AppendDecode(make([]byte, 0, base64.StdEncoding.DecodedLen(len(data)-2)), data[1:len(data)-1])
	if err != nil {
		return fmt.Errorf("vector: %w", err)
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("vector: %d bytes; want four for each component", len(raw))
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	*c = values
	return nil
}
