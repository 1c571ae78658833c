package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Bounds of one decoding.
const (
	maxMemory = 1 << 30 // bytes that a codec may use: some 60 megapixels
	maxTime   = time.Minute
	pageSize  = 1 << 16

	leastTime        = 5 * time.Second // broken data can make a codec go in circles
	timePerMegapixel = 4 * time.Second // twenty times what it takes
)

// timeFor is how long a codec may work on so many pixels.
func timeFor(pixels int) time.Duration {
	return min(maxTime, leastTime+timePerMegapixel*time.Duration(min(pixels, 100e6)>>10)/1024)
}

// sandbox is a codec: compiled on first use, then started anew for each picture, so that none sees another's memory.
type sandbox struct {
	module func() []byte // compressed
	once   sync.Once
	err    error
	engine wazero.Runtime
	code   wazero.CompiledModule
}

// running bounds how many codecs, with their memory, run at once.
var running = make(chan struct{}, runtime.GOMAXPROCS(0))

func (s *sandbox) compile() error {
	s.once.Do(func() {
		plain, err := gzip.NewReader(bytes.NewReader(s.module()))
		if err != nil {
			s.err = err
			return
		}
		code, err := io.ReadAll(plain)
		if err != nil {
			s.err = err
			return
		}
		ctx := context.Background()
		config := wazero.NewRuntimeConfig().WithMemoryLimitPages(maxMemory / pageSize).WithCloseOnContextDone(true)
		s.engine = wazero.NewRuntimeWithConfig(ctx, config)
		if _, err := wasi_snapshot_preview1.Instantiate(ctx, s.engine); err != nil {
			s.err = err
			return
		}
		s.code, s.err = s.engine.CompileModule(ctx, code)
	})
	return s.err
}

// run starts the codec and lets use work with it, on a picture of so many pixels.
func (s *sandbox) run(pixels int, use func(c *codec) error) error {
	if err := s.compile(); err != nil {
		return fmt.Errorf("start the codec: %w", err)
	}
	running <- struct{}{}
	defer func() { <-running }()
	limit := timeFor(pixels)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	// Its output, complaints about broken files, goes nowhere.
	m, err := s.engine.InstantiateModule(ctx, s.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return fmt.Errorf("start the codec: %w", err)
	}
	defer func() { _ = m.Close(context.Background()) }() // nothing can be done about a failure, nor need it
	err = use(&codec{ctx: ctx, memory: m.Memory(), allocate: m.ExportedFunction("malloc"), decode: m.ExportedFunction("decode")})
	if ctx.Err() != nil {
		return fmt.Errorf("%w: not decoded within %v", ErrUnsupported, limit)
	}
	return err
}

// codec is a started sandbox. What it allocates goes with it.
type codec struct {
	ctx              context.Context //nolint:containedctx // lives as long as one call of sandbox.run
	memory           api.Memory
	allocate, decode api.Function
}

var errMemory = errors.New("the picture needs more memory than its decoder may have")

// room allocates n bytes.
func (c *codec) room(n int) (uint32, error) {
	if n > maxMemory {
		return 0, errMemory
	}
	out, err := c.allocate.Call(c.ctx, uint64(n))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errMemory, err)
	}
	at := uint32(out[0])
	if at == 0 || uint64(at)+uint64(n) > uint64(c.memory.Size()) {
		return 0, errMemory
	}
	return at, nil
}

// put copies bytes into the sandbox.
func (c *codec) put(data []byte) (uint32, error) {
	at, err := c.room(len(data))
	if err == nil && !c.memory.Write(at, data) {
		err = errMemory
	}
	return at, err
}

// call runs the codec's decode function, whose last arguments are addresses; false: it refused the picture.
func (c *codec) call(args ...uint64) error {
	out, err := c.decode.Call(c.ctx, args...)
	if err != nil { // a trap: memory at its end, or a broken file that broke the codec
		return invalid("the codec gave up")
	}
	if uint32(out[0]) == 0 {
		return invalid("the codec can't read it")
	}
	return nil
}

func (c *codec) number(at uint32) int {
	v, _ := c.memory.ReadUint32Le(at)
	return int(v)
}

// bytes copies n bytes out of the sandbox.
func (c *codec) bytes(at uint32, n int) ([]byte, error) {
	view, ok := c.memory.Read(at, uint32(n))
	if !ok {
		return nil, errMemory
	}
	return bytes.Clone(view), nil
}
