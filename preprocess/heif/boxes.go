package heif

import (
	"encoding/binary"
	"slices"
)

// box is one box of the file: four letters and its content.
type box struct {
	name    string
	content []byte
	at      int // where it begins in what it was split from
}

// boxes splits content into boxes (ISO/IEC 14496-12 § 4.2). A last box that reaches over the end is cut; whole says
// whether there was none.
func boxes(content []byte) (list []box, whole bool) {
	at := 0
	for len(content) >= 8 {
		size, head := uint64(binary.BigEndian.Uint32(content)), 8
		switch size {
		case 0:
			size = uint64(len(content))
		case 1:
			if len(content) < 16 {
				return list, false
			}
			size, head = binary.BigEndian.Uint64(content[8:]), 16
		}
		if size < uint64(head) {
			return list, true // no box: padding
		}
		end := min(size, uint64(len(content)))
		list = append(list, box{string(content[4:8]), content[head:end], at})
		if size > uint64(len(content)) {
			return list, false
		}
		content = content[end:]
		at += int(end)
	}
	return list, true
}

func find(list []box, name string) (content []byte, found bool) {
	at := slices.IndexFunc(list, func(b box) bool { return b.name == name })
	if at < 0 {
		return nil, false
	}
	return list[at].content, true
}

// reader reads big-endian numbers; beyond the end it gives zeros and remembers.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) uint(bytes int) uint64 {
	if len(r.rest) < bytes {
		r.rest, r.short = nil, true
		return 0
	}
	var v uint64
	for _, b := range r.rest[:bytes] {
		v = v<<8 | uint64(b)
	}
	r.rest = r.rest[bytes:]
	return v
}

// full reads the version and flags that begin a full box.
func (r *reader) full() (version uint8, flags uint32) {
	v := r.uint(4)
	return uint8(v >> 24), uint32(v & 0xffffff)
}

// reference is an entry of an iref box.
type reference struct {
	kind string
	from uint64
	to   []uint64
}

// meta is what a file's meta box says about its items.
type meta struct {
	primary      uint64
	kinds        map[uint64]string // item types: "hvc1", "av01", "grid", "Exif" …
	properties   map[uint64][]box  // of each item, in their order
	associations []association
	references   []reference
}

// association gives an item properties, by their numbers, from 1; the highest bit says that one must be understood.
type association struct {
	item       uint64
	properties []uint16
}

const essential = 0x8000

// readMeta reads the meta box (ISO/IEC 14496-12 § 8.11).
func readMeta(content []byte) (*meta, error) {
	r := reader{rest: content}
	r.full()
	list, _ := boxes(r.rest)
	m := &meta{kinds: make(map[uint64]string), properties: make(map[uint64][]box)}
	pitm, ok := find(list, "pitm")
	if !ok {
		return nil, invalid("no primary picture")
	}
	m.readPrimary(pitm)
	if iinf, ok := find(list, "iinf"); ok {
		m.readKinds(iinf)
	}
	if iref, ok := find(list, "iref"); ok {
		m.readReferences(iref)
	}
	iprp, _ := find(list, "iprp")
	m.readProperties(iprp)
	return m, nil
}

// wide is how many bytes an item's number takes.
func wide(long bool) int {
	if long {
		return 4
	}
	return 2
}

func (m *meta) readPrimary(content []byte) {
	r := reader{rest: content}
	version, _ := r.full()
	m.primary = r.uint(wide(version > 0))
}

func (m *meta) readKinds(content []byte) {
	r := reader{rest: content}
	version, _ := r.full()
	r.uint(wide(version > 0))
	entries, _ := boxes(r.rest)
	for _, e := range entries {
		r := reader{rest: e.content}
		version, _ := r.full()
		if e.name != "infe" || version < 2 {
			continue
		}
		id := r.uint(wide(version > 2))
		r.uint(2)
		if len(r.rest) >= 4 {
			m.kinds[id] = string(r.rest[:4])
		}
	}
}

func (m *meta) readReferences(content []byte) {
	r := reader{rest: content}
	version, _ := r.full()
	entries, _ := boxes(r.rest)
	for _, e := range entries {
		r := reader{rest: e.content}
		ref := reference{kind: e.name, from: r.uint(wide(version > 0))}
		for range r.uint(2) {
			to := r.uint(wide(version > 0))
			if r.short {
				return
			}
			ref.to = append(ref.to, to)
		}
		m.references = append(m.references, ref)
	}
}

// readProperties joins the ipco and ipma boxes.
func (m *meta) readProperties(iprp []byte) {
	list, _ := boxes(iprp)
	ipco, _ := find(list, "ipco")
	properties, _ := boxes(ipco)
	for _, b := range list {
		if b.name != "ipma" {
			continue
		}
		r := reader{rest: b.content}
		version, flags := r.full()
		for range r.uint(4) {
			a := association{item: r.uint(wide(version > 0))}
			for range r.uint(1) {
				number := uint16(r.uint(1 + int(flags&1)))
				if flags&1 == 0 {
					number = number&0x7f | number&0x80<<8
				}
				a.properties = append(a.properties, number)
				if index := int(number &^ essential); index > 0 && index <= len(properties) {
					m.properties[a.item] = append(m.properties[a.item], properties[index-1])
				}
			}
			if r.short {
				return
			}
			m.associations = append(m.associations, a)
		}
	}
}

// property is the first property of a kind that an item has.
func (m *meta) property(item uint64, name string) ([]byte, bool) {
	return find(m.properties[item], name)
}

// tile is the first picture that a grid or another derived item is made of; of others, the item itself.
func (m *meta) tile(item uint64) uint64 {
	for _, ref := range m.references {
		if ref.kind == "dimg" && ref.from == item && len(ref.to) > 0 {
			return ref.to[0]
		}
	}
	return item
}
