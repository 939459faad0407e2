export { DevicesPage } from "./components/DevicesPage";
