export * from "@torii/pdk/lib/env";
