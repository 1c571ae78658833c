package api

import (
	"bytes"
	"encoding/json"
	"errors"
)

// IDs are the ids of items. In JSON they may be one string, or a list.
type IDs []string

// UnmarshalJSON reads "id" or ["id", …].
func (ids *IDs) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		*ids = make(IDs, 1)
		return json.Unmarshal(data, &(*ids)[0])
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return errors.New("want the id of an item, or a list of ids")
	}
	*ids = list
	return nil
}
