// Package machine tells what a measurement ran on: the processor, the load of the machine, and the processor time and
// memory that this process has used. What the numbers mean is for those who print them.
package machine

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// CPU is the processor's name and the number of cores that Go uses, as "AMD EPYC 9R14 96-Core Processor, 2 cores".
func CPU() string {
	name := runtime.GOARCH
	if proc, err := procfs.NewDefaultFS(); err == nil {
		if infos, err := proc.CPUInfo(); err == nil && len(infos) > 0 && infos[0].ModelName != "" {
			name = infos[0].ModelName
		}
	}
	return name + ", " + strconv.Itoa(runtime.GOMAXPROCS(0)) + " cores"
}

// Load is the machine's load average of the last minute; 0 where it isn't told.
func Load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}

// Used is the processor time of this process, of all its threads, in user and system mode.
func Used() time.Duration {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Resident is the process's memory in RAM, in bytes; without /proc, what Go's runtime has from the system.
func Resident() int64 {
	if self, err := procfs.Self(); err == nil {
		if stat, err := self.Stat(); err == nil {
			return int64(stat.ResidentMemory())
		}
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return int64(mem.Sys)
}
