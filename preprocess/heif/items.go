package heif

import "slices"

// place is where an item's bytes lie (iloc, ISO/IEC 14496-12 § 8.11.3).
type place struct {
	within  bool // in the idat box, not in the file
	extents [][2]uint64
}

// readPlaces reads the iloc box; items whose place is told in a way that is not known lack.
func readPlaces(content []byte) map[uint64]place {
	r := reader{rest: content}
	version, _ := r.full()
	sizes := r.uint(2)
	offsetSize, lengthSize, baseSize, indexSize := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		indexSize = 0
	}
	count := r.uint(wide(version > 1))
	places := make(map[uint64]place)
	for range count {
		item, method := r.uint(wide(version > 1)), uint64(0)
		if version > 0 {
			method = r.uint(2) & 15
		}
		reference := r.uint(2)
		base := r.uint(baseSize)
		p := place{within: method == 1}
		for range r.uint(2) {
			r.uint(indexSize)
			offset, length := r.uint(offsetSize), r.uint(lengthSize)
			if r.short {
				return places
			}
			p.extents = append(p.extents, [2]uint64{base + offset, length})
		}
		if method < 2 && reference == 0 {
			places[item] = p
		}
	}
	return places
}

// content is an item's bytes.
func (f *file) content(item uint64) ([]byte, error) {
	p, ok := f.places[item]
	if !ok || len(p.extents) == 0 {
		return nil, invalid("a picture is nowhere in it")
	}
	from := f.data
	if p.within {
		from = f.idat
	}
	var parts [][]byte
	for _, e := range p.extents {
		offset, length := e[0], e[1]
		if offset > uint64(len(from)) {
			return nil, tooShort("a picture")
		}
		if length == 0 {
			length = uint64(len(from)) - offset
		}
		if length > uint64(len(from))-offset {
			return nil, tooShort("a picture")
		}
		parts = append(parts, from[offset:offset+length])
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return slices.Concat(parts...), nil
}

// file is a HEIF file with its items.
type file struct {
	*meta
	data, idat []byte
	places     map[uint64]place
}

func openFile(data []byte) (*file, error) {
	list, _ := boxes(data)
	content, _ := find(list, "meta")
	if len(content) < 4 {
		return nil, invalid("no meta box")
	}
	m, err := readMeta(content)
	if err != nil {
		return nil, err
	}
	list, _ = boxes(content[4:])
	iloc, _ := find(list, "iloc")
	idat, _ := find(list, "idat")
	return &file{m, data, idat, readPlaces(iloc)}, nil
}

// grid is how a picture is put together from tiles (ISO/IEC 23008-12 § 6.6.2.3.2).
type grid struct {
	rows, columns, width, height int
	tiles                        []uint64
}

func (f *file) grid(item uint64) (grid, error) {
	content, err := f.content(item)
	if err != nil {
		return grid{}, err
	}
	r := reader{rest: content}
	flags := r.uint(2)
	g := grid{rows: int(r.uint(1)) + 1, columns: int(r.uint(1)) + 1}
	size := wide(flags&1 != 0)
	g.width, g.height = int(r.uint(size)), int(r.uint(size))
	for _, ref := range f.references {
		if ref.kind == "dimg" && ref.from == item {
			g.tiles = ref.to
		}
	}
	if r.short || len(g.tiles) != g.rows*g.columns {
		return grid{}, invalid("a grid of %d x %d with %d tiles", g.columns, g.rows, len(g.tiles))
	}
	return g, nil
}
