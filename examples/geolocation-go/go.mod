module faas

go 1.24

require (
	github.com/buger/jsonparser v1.1.2
	github.com/extism/go-pdk v1.1.3
)
