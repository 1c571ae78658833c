package store

import "encoding/binary"

// Key spaces: a key is one of these bytes and what follows it in the comment.
const (
	metaSpace     = 'm' // name of a fact about the store
	itemSpace     = 'i' // item id
	vectorSpace   = 'v' // item id
	thumbSpace    = 't' // item id
	fileSpace     = 'f' // source path or URL
	changeSpace   = 'c' // sequence number, 8 bytes, big-endian
	decisionSpace = 'd' // key of the decision
)

// Keys of the meta space.
const (
	identityKey = "midentity" // who made the vectors; written once
	settingsKey = "msettings" // the collection's settings, CBOR or JSON of the owner
	sequenceKey = "msequence" // number of the last batch
	floorKey    = "mfloor"    // number of the last batch that was trimmed off the change log
)

func key(space byte, name string) []byte {
	k := make([]byte, 0, 1+len(name))
	return append(append(k, space), name...)
}

func changeKey(sequence uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{changeSpace}, sequence)
}

// bounds are the first key of a space and the first one after it.
func bounds(space byte) (lower, upper []byte) { return []byte{space}, []byte{space + 1} }
