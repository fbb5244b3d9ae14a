package main

import (
	"encoding/json"
	"errors"
	"net/url"

	"github.com/buger/jsonparser"
	"github.com/extism/go-pdk"
)

//go:wasmimport env proxy_plugin_map_set
func _ProxyPluginMapSet(context uint64, contextSize uint64) uint64

//go:wasmimport env proxy_plugin_map_get
func _ProxyPluginMapGet(context uint64, contextSize uint64) uint64

func StringBytePtr(msg string) uint64 {
	mem := pdk.AllocateString(msg)
	return mem.Offset()
}

func ByteArrPtr(arr []byte) uint64 {
	mem := pdk.AllocateBytes(arr)
	return mem.Offset()
}

func pointerToBytes(p uint64) []byte {
	responseMemory := pdk.FindMemory(p)

	buf := make([]byte, int(responseMemory.Length()))
	responseMemory.Load(buf)

	return buf
}

func AddNewValueToCache(key string, value string) {
	context, err := json.Marshal(map[string]string{
		"key":   key,
		"value": value,
	})

	if err != nil {
		return
	}

	_ProxyPluginMapSet(ByteArrPtr(context), uint64(len(context)))
}

func GetValueFromCache(key string) (string, bool) {
	value := pointerToBytes(
		_ProxyPluginMapGet(StringBytePtr(key), uint64(len(key))))

	if len(value) > 0 {
		return string(value), true
	} else {
		return "", false
	}
}

func GetAddress(search string) (string, error) {
	// Escaped, because a query or a header may not hold every character that a search may.
	escaped := url.QueryEscape(search)

	req := pdk.NewHTTPRequest(pdk.MethodGet, "https://api-adresse.data.gouv.fr/search/?q="+escaped)
	req.SetHeader("q", escaped)
	res := req.Send()

	if res.Status() != 200 {
		return "", errors.New("Failed fetching address with given input")
	}

	body := res.Body()

	return string(body), nil
}

//go:wasmexport GetCompleteAddress
func GetCompleteAddress() int32 {
	input := pdk.Input()

	var value, dataType, offset, err = jsonparser.Get([]byte(input), "request", "query", "q", "[0]")

	_ = dataType
	_ = offset

	if err != nil || len(value) == 0 {
		mem := pdk.AllocateString(`{ 
          status: 400, 
          error: {\"error\": \"missing query param q\"}
        }`)
		pdk.OutputMemory(mem)
		return 0
	}

	// The parser answers the text as it stands between the quotes, with its escapes.
	search, err := jsonparser.ParseString(value)

	if err != nil {
		mem := pdk.AllocateString(`{ 
          status: 400, 
          error: {\"error\": \"query param q is not text\"}
        }`)
		pdk.OutputMemory(mem)
		return 0
	}

	var output_address = string("")
	if cachedAddress, found := GetValueFromCache(search); found {
		output_address = cachedAddress
	} else {
		address, err := GetAddress(search)

		if err != nil {
			mem := pdk.AllocateString(`{ 
              status: 400, 
              error: {\"body_str\": \"Failed fetching address with given input\"}
            }`)
			pdk.OutputMemory(mem)
			return 0
		}

		// Raw: the answer is JSON already, and is refused here when it is not.
		out, err := json.Marshal(json.RawMessage(address))

		if err != nil {
			mem := pdk.AllocateString(`{ 
                status: 400, 
                error: {\"body_str\": \"Failed to marshal response\"}
            }`)

			pdk.OutputMemory(mem)
			return 0
		}

		AddNewValueToCache(search, string(out))

		output_address = string(out)
	}

	output := `{ 
      status: 200, 
      body_json: ` + output_address + `
    }`

	mem := pdk.AllocateString(output)
	pdk.OutputMemory(mem)
	return 0
}

func main() {}
