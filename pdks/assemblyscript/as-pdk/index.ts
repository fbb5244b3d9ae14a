export { Config, Host, LogLevel, Memory, Var } from "@torii/pdk";
