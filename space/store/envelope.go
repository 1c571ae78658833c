package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// envelopeVersion is the version of every value written by this program.
const envelopeVersion = 1

// headerBytes are the version and the checksum in front of a value's content.
const headerBytes = 5

// castagnoli is the CRC-32C table; amd64 and arm64 compute it in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts version and checksum in front of content. The checksum covers key and content, so that a value that
// turns up under another key is found out too.
func seal(key, content []byte) []byte {
	sealed := make([]byte, 0, headerBytes+len(content))
	sealed = append(sealed, envelopeVersion)
	sealed = binary.LittleEndian.AppendUint32(sealed, checksum(key, content))
	return append(sealed, content...)
}

// unseal checks a value and returns its content, which shares the value's memory.
func unseal(key, value []byte) ([]byte, error) {
	if len(value) < headerBytes {
		return nil, fmt.Errorf("%w: %q holds %d bytes; want at least %d", ErrDamaged, key, len(value), headerBytes)
	}
	if value[0] > envelopeVersion {
		return nil, fmt.Errorf("%w: %q is of version %d; this clipd reads up to %d", ErrNewer, key, value[0], envelopeVersion)
	}
	if value[0] == 0 {
		return nil, fmt.Errorf("%w: %q has no version", ErrDamaged, key)
	}
	content := value[headerBytes:]
	if want, got := binary.LittleEndian.Uint32(value[1:]), checksum(key, content); got != want {
		return nil, fmt.Errorf("%w: %q has checksum %08x; want %08x", ErrDamaged, key, got, want)
	}
	return content, nil
}

func checksum(key, content []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, content)
}
